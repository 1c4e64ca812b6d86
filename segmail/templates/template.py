"""A newsletter template, compiled once and rendered for each customer."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from functools import partial

from segmail.errors import TemplateError
from segmail.templates.compiler import CompiledBody, compile_body
from segmail.templates.frame import MAX_OUTPUT, Frame
from segmail.templates.needs import Needs, needs_of
from segmail.templates.nodes import Node
from segmail.templates.site import Site

_LINE_BREAKS = re.compile("[\0\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


class Kind(enum.Enum):
    """What a template makes: an HTML body, a plain-text body, or a subject of one line."""

    HTML = "html"
    TEXT = "text"
    SUBJECT = "subject"


class Template:
    """A compiled template.

    `needs` says what it may read, without what it includes; `tree` is what the merchant wrote,
    for checks.
    """

    def __init__(self, source: str, *, kind: Kind, autoescape: bool = False) -> None:
        self.kind = kind
        self._compile = partial(compile_body, autoescape=autoescape and kind is Kind.HTML)
        self._body: CompiledBody = self._compile(source)
        self.needs: Needs = needs_of(self.tree)

    @property
    def tree(self) -> tuple[Node, ...]:
        return self._body.tree

    def render(self, variables: Mapping[str, object], site: Site) -> str:
        """Return the text for one customer; '' where the template renders to nothing.

        Variables are `str`, `int`, `float`, `Decimal`, `bool`, `datetime`, `None` or `DataObject`,
        and are never read as templates. Raises TemplateError with a reason for the merchant.
        """
        text = self._body.render(Frame(variables, site, self._compile))
        return _LINE_BREAKS.sub(" ", text) if self.kind is Kind.SUBJECT else text

    def all_needs(self, site: Site) -> Needs:
        """Return what the template may read, with everything that it includes on that site."""

        def lookup(kind: str, code: str) -> Sequence[Node] | None:
            find = site.newsletter_template if kind == "include" else site.block
            source = find(code)
            try:
                return None if source is None else self._compile(source).tree
            except TemplateError:
                return None  # rendering tells, if it comes to this include at all

        return needs_of(self.tree, lookup)


def compile_template(source: str, *, kind: Kind, autoescape: bool = False) -> Template:
    """Compile a template written in Maho's directive language.

    `autoescape` makes {{var}} escape values in HTML, except those that are `markupsafe.Markup`;
    without it values go out raw, as from Maho. Mistakes only fail where they are rendered; what
    raises TemplateError here passes a limit (length, depth, number of directives).
    """
    if len(source) > MAX_OUTPUT:
        raise TemplateError(f"The template is longer than {MAX_OUTPUT:,} characters.")
    return Template(source, kind=kind, autoescape=autoescape)
