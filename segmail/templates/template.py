"""A newsletter template, compiled once and rendered for each customer."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from functools import partial

from segmail.errors import TemplateError
from segmail.templates.compiler import CompiledBody, compile_body
from segmail.templates.frame import MAX_OUTPUT, Frame, checked
from segmail.templates.needs import Needs, needs_of
from segmail.templates.nodes import Node
from segmail.templates.parser import parse
from segmail.templates.site import Site
from segmail.templates.styles import as_document, inline_styles
from segmail.templates.styling import MARK, RenderedText, Skeleton, Styler, filled, skeleton

_LINE_BREAKS = re.compile("[\0\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


class Kind(enum.Enum):
    """What a template makes: an HTML body, a plain-text body, or a one-line subject."""

    HTML = "html"
    TEXT = "text"
    SUBJECT = "subject"


class Template:
    """A compiled template.

    `source` is the merchant's text, `tree` the same text parsed, for checks; `needs` says what it
    may read, without what it includes.
    """

    def __init__(
        self, source: str, *, kind: Kind, autoescape: bool = False, styles: str | None = None
    ) -> None:
        html = kind is Kind.HTML
        self.kind = kind
        self.source = source
        self.tree: tuple[Node, ...] = parse(source)
        self.needs: Needs = needs_of(self.tree)
        self._styles = styles if html and styles and styles.strip() else ""
        self._styler = Styler() if html else None
        self._sites: dict[int, tuple[Site, dict[int, str]]] = {}
        self._unmarked = partial(compile_body, autoescape=autoescape and html)
        self._compile = partial(self._unmarked, marked=self._styler is not None)
        self._body: CompiledBody = self._compile(source)

    def render(self, variables: Mapping[str, object], site: Site, *, kept_free: int = 0) -> str:
        """Return the text for one customer; see `rendered`."""
        return self.rendered(variables, site, kept_free=kept_free).text

    def rendered(
        self, variables: Mapping[str, object], site: Site, *, kept_free: int = 0
    ) -> RenderedText:
        """Return the text for one customer; '' if the template renders to nothing.

        Styles are inlined as far as Maho's table has room for the text and `kept_free` more bytes.

        Variables are `str`, `int`, `float`, `Decimal`, `bool`, `datetime`, `None` or `DataObject`,
        and are never read as templates. Raises TemplateError with a reason for the merchant.
        """
        known, plain = self._known(site), self.kind is not Kind.HTML
        frame = Frame(variables, site, self._compile, plain=plain, known=known)
        pieces = self._body.pieces(frame)
        if self._styler:
            return self._styled(skeleton(pieces), frame, self._styler, kept_free)
        text = "".join(pieces)
        return RenderedText.whole(
            _LINE_BREAKS.sub(" ", text) if self.kind is Kind.SUBJECT else text
        )

    def _known(self, site: Site) -> dict[int, str]:
        """Return what directives print in every mail of a site."""
        return self._sites.setdefault(id(site), (site, {}))[1]  # which stays, and so does its id

    def _styled(
        self, skeleton: Skeleton, frame: Frame, styler: Styler, kept_free: int
    ) -> RenderedText:
        text = skeleton.text
        if skeleton.marks != len(frame.values):  # there is one that stands for no value
            return RenderedText.whole(self._styled_alone(frame, kept_free))
        if _may_be_blank(text) and not filled(text, frame.values).strip():
            return RenderedText.whole(checked(filled(text, frame.values)))
        page, css = _page(text, frame), self._css(frame)
        styled = styler.styled(page, frame.values, css, kept_free=kept_free)
        checked(styled.text)
        return styled

    def _styled_alone(self, marked: Frame, kept_free: int) -> str:
        frame = Frame(marked.variables, marked.site, self._unmarked)
        text = self._unmarked(self.source).render(frame)
        css = self._css(frame)
        if not css or not text.strip():
            return checked(text)
        return checked(inline_styles(_page(text, frame), css, kept_free=kept_free))

    def _css(self, frame: Frame) -> str:
        sheets = (*frame.sheets.values(), self._styles)
        return "\n".join(dict.fromkeys(sheet for sheet in sheets if sheet.strip()))

    def all_needs(self, site: Site) -> Needs:
        """Return what the template may read, including everything that it includes on that site."""
        find = {
            "include": site.newsletter_template,
            "template": site.email_template,
            "block": site.block,
        }

        def lookup(kind: str, code: str) -> Sequence[Node] | None:
            try:
                source = find[kind](code)
                return None if source is None else parse(source)
            except TemplateError:
                return None  # reported when rendering, if this include is reached at all

        return needs_of(self.tree, lookup)


def compile_template(
    source: str, *, kind: Kind, autoescape: bool = False, styles: str | None = None
) -> Template:
    """Compile a template written in Maho's directive language.

    `autoescape` makes {{var}} escape values in HTML, except those that are `markupsafe.Markup`;
    without it values are printed raw, as by Maho. `styles` is a style sheet for its HTML, which is
    inlined like those that {{inlinecss}} names. Mistakes fail only when they are rendered;
    TemplateError is raised here only if a limit is exceeded (length, depth, number of directives).
    """
    for text in (source, styles or ""):
        if len(text) > MAX_OUTPUT:
            raise TemplateError(f"The template is longer than {MAX_OUTPUT:,} characters.")
    return Template(source, kind=kind, autoescape=autoescape, styles=styles)


def _may_be_blank(skeleton: str) -> bool:
    """Return whether a text may be only spaces, depending on its values."""
    return not (start := skeleton.lstrip()) or start.startswith(MARK)


def _page(text: str, frame: Frame) -> str:
    """Return a whole document if {{inlinecss}} styles it, as Maho does: styles name body, too."""
    return as_document(text) if any(frame.sheets.values()) else text
