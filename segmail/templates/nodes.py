"""The tree of a template: the merchant's text, parsed, with the place of each part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from segmail.templates.paths import Parameter, Path

_SHOWN = 60


class Place(NamedTuple):
    """Where a node begins in its template; both count from 1."""

    line: int
    column: int

    def after(self, text: str) -> Place:
        """Return the place after `text`, which begins here."""
        lines = text.count("\n")
        if not lines:
            return Place(self.line, self.column + len(text))
        return Place(self.line + lines, len(text) - text.rindex("\n"))


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is printed as it is."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Unknown:
    """A directive that does not exist; it is printed as it is, as in Maho."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Unclosed:
    """An {{if}} or {{depend}} without its end; nothing is printed for it, as in Maho."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Var:
    """A {{var}}: the value at a path, through modifiers; without a path it prints nothing."""

    path: Path | None
    modifiers: tuple[str, ...]
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Directive:
    """Any other directive, such as {{store url="…"}}; `name` is in lower case."""

    name: str
    parameters: tuple[Parameter, ...]
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """An {{if}} or {{depend}} with what it shows; `name` tells which."""

    name: str
    condition: Path | None
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...]
    source: str
    place: Place


Node: TypeAlias = Text | Unknown | Unclosed | Var | Directive | Block


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield every node of a tree, including those inside blocks."""
    for node in nodes:
        yield node
        if isinstance(node, Block):
            yield from walk(node.then)
            yield from walk(node.otherwise)


def paths_of(node: Node) -> Iterator[Path]:
    """Yield the variable paths that a node itself reads."""
    if isinstance(node, Var) and node.path:
        yield node.path
    elif isinstance(node, Block) and node.condition:
        yield node.condition
    elif isinstance(node, Directive):
        yield from (parameter.path for parameter in node.parameters if parameter.path)


def described(node: Var | Directive) -> str:
    """Return how a message names a directive: its source, shortened, and its line."""
    return f"{shortened(node.source)} (line {node.place.line})"


def shortened(text: str) -> str:
    """Return a text as a message shows it: on one line, and shortened."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
