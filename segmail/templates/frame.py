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

# A `segmail.templates.paths.Path` as the compiled template holds it: plain tuples.
PlainStep: TypeAlias = tuple[str, str | None, tuple[Argument, ...]]
PlainPath: TypeAlias = tuple[str, tuple[PlainStep, ...]]


class Body(Protocol):
    """A compiled template without its finishing touches."""

    def render(self, frame: Frame) -> str: ...


class Frame:
    """Variables and site of a template that is being rendered, or of one that it includes."""

    __slots__ = ("_compile", "_included", "_trail", "site", "variables")

    def __init__(
        self, variables: Mapping[str, object], site: Site, compile_body: Callable[[str], Body]
    ) -> None:
        self.variables = variables
        self.site = site
        self._compile = compile_body
        self._trail: tuple[tuple[str, str], ...] = ()
        self._included = [0]

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
        inner = Frame(variables, self.site, self._compile)
        inner._trail = (*self._trail, (kind, code))
        inner._included = self._included
        self._check(inner)
        try:
            return self._compile(source).render(inner)
        except TemplateError as error:
            raise TemplateError(f"In the {kind} '{code}': {error}") from error

    def _check(self, inner: Frame) -> None:
        self._included[0] += 1
        kind, code = inner._trail[-1]
        if inner._trail[-1] in self._trail:
            raise TemplateError(f"The {kind} '{code}' includes itself.")
        if len(inner._trail) > MAX_INCLUDE_DEPTH:
            raise TemplateError(f"Templates include each other more than {MAX_INCLUDE_DEPTH} deep.")
        if self._included[0] > MAX_INCLUDES:
            raise TemplateError(f"A mail includes more than {MAX_INCLUDES} templates and blocks.")


def bounded(pieces: Iterable[str]) -> str:
    """Return the pieces as one text; raise TemplateError where it is longer than a mail can be."""
    kept: list[str] = []
    room = MAX_OUTPUT
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TemplateError(f"The result is longer than {MAX_OUTPUT:,} characters.")
        kept.append(piece)
    return "".join(kept)
