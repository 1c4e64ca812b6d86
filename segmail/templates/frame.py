"""The state of one rendering: what its directives may use, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from segmail.errors import TemplateError
from segmail.templates.objects import DataObject
from segmail.templates.paths import Argument
from segmail.templates.site import Site

MAX_OUTPUT = 5_000_000
MAX_INCLUDE_DEPTH = 10
MAX_INCLUDES = 200
MAX_WORK = 50_000  # directives in a mail; an included template's count each time

# A `segmail.templates.paths.Path` as the compiled template holds it: plain tuples.
PlainStep: TypeAlias = tuple[str, str | None, tuple[Argument, ...]]
PlainPath: TypeAlias = tuple[str, tuple[PlainStep, ...]]


class Body(Protocol):
    """A compiled template without the final steps."""

    def render(self, frame: Frame) -> str: ...


class Spent:
    """What one mail has used up, with everything that it includes."""

    __slots__ = ("directives", "included")

    def __init__(self) -> None:
        self.included = 0
        self.directives = 0


class Frame:
    """Variables and site of a template that is being rendered, or of one that it includes.

    `plain` says that it makes no HTML. `values` are those for which the text has only marks (see
    `styling`); `sheets` are the style sheets that {{inlinecss}} names, the last one of each
    template. Both belong to the whole mail. `known` is what directives print in every mail of the
    site.
    """

    __slots__ = (
        "_compile",
        "_spent",
        "_trail",
        "known",
        "plain",
        "sheets",
        "site",
        "values",
        "variables",
    )

    def __init__(
        self,
        variables: Mapping[str, object],
        site: Site,
        compile_body: Callable[[str], Body],
        *,
        plain: bool = False,
        known: dict[int, str] | None = None,
    ) -> None:
        self.plain = plain
        self.known = {} if known is None else known
        self.variables = variables
        self.site = site
        self.values: list[str] = []
        self.sheets: dict[tuple[tuple[str, str], ...], str] = {}
        self._compile = compile_body
        self._trail: tuple[tuple[str, str], ...] = ()
        self._spent = Spent()

    def value(self, path: PlainPath | None) -> object:
        """Return what a path leads to; a single value ends it early, as in Maho."""
        if path is None:
            return None
        value = self.variables.get(path[0])
        for method, key, arguments in path[1]:
            if not isinstance(value, DataObject):
                return value
            value = value.member(method, key, arguments)
        return value

    def included(self, kind: str, code: str, source: str, variables: Mapping[str, object]) -> str:
        """Render another template inside this one; `kind` and `code` name it."""
        inner = Frame(variables, self.site, self._compile, plain=self.plain, known=self.known)
        inner.values, inner.sheets, inner._spent = self.values, self.sheets, self._spent
        inner._trail = (*self._trail, (kind, code))
        self._check(inner)
        try:
            return self._compile(source).render(inner)
        except TemplateError as error:
            raise TemplateError(f"In the {kind} '{code}': {error}") from error

    def use_sheet(self, css: str) -> None:
        """Use a style sheet for the mail, replacing an earlier one of the same template."""
        self.sheets[self._trail] = css

    def spend(self, directives: int) -> None:
        """Count directives before they are rendered; raise TemplateError if they are too many."""
        self._spent.directives += directives
        if self._spent.directives > MAX_WORK:
            raise TemplateError(f"A mail has more than {MAX_WORK:,} directives in all.")

    def _check(self, inner: Frame) -> None:
        self._spent.included += 1
        kind, code = inner._trail[-1]
        if inner._trail[-1] in self._trail:
            raise TemplateError(f"The {kind} '{code}' includes itself.")
        if len(inner._trail) > MAX_INCLUDE_DEPTH:
            raise TemplateError(f"Templates include each other more than {MAX_INCLUDE_DEPTH} deep.")
        if self._spent.included > MAX_INCLUDES:
            raise TemplateError(f"A mail includes more than {MAX_INCLUDES} templates and blocks.")


def bounded(pieces: Iterable[str]) -> tuple[str, ...]:
    """Return the pieces of a text; raise TemplateError if it is longer than a mail can be."""
    kept: list[str] = []
    room = MAX_OUTPUT
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise _too_long()
        kept.append(piece)
    return tuple(kept)


def checked(text: str) -> str:
    """Return a text; raise TemplateError if it is longer than a mail can be."""
    if len(text) > MAX_OUTPUT:
        raise _too_long()
    return text


def _too_long() -> TemplateError:
    return TemplateError(f"The result is longer than {MAX_OUTPUT:,} characters.")
