"""Parses a template's source into its tree."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from segmail.errors import TemplateError
from segmail.templates.blocks import Branch, Piece, TextRun, split_blocks
from segmail.templates.directives import DIRECTIVES
from segmail.templates.modifiers import parse_modifiers
from segmail.templates.nodes import Block, Directive, Node, Place, Text, Unclosed, Unknown, Var
from segmail.templates.paths import parse_parameters, parse_path

MAX_DIRECTIVES = 10_000

_NAME = re.compile(r"[a-z]{0,10}", re.IGNORECASE | re.ASCII)
_LINE = re.compile(r"\n")


@lru_cache(maxsize=256)
def parse(source: str) -> tuple[Node, ...]:
    """Return the tree of a template.

    Raises TemplateError only if a limit is exceeded: blocks too deep, too many directives.
    """
    return _Parser(source).tree


class _Parser:
    def __init__(self, source: str) -> None:
        self._lines = [0, *(match.end() for match in _LINE.finditer(source))]
        self._directives = 0
        self.tree = self._nodes(split_blocks(source))

    def _nodes(self, pieces: tuple[Piece, ...]) -> tuple[Node, ...]:
        return tuple(node for piece in pieces for node in self._of(piece))

    def _of(self, piece: Piece) -> Iterator[Node]:
        return self._run(piece) if isinstance(piece, TextRun) else self._block(piece)

    def _block(self, branch: Branch) -> Iterator[Node]:
        self._count()
        yield Block(
            branch.name,
            parse_path(branch.condition),
            self._nodes(branch.then),
            self._nodes(branch.otherwise),
            branch.source,
            self._place(branch.at),
        )

    def _run(self, run: TextRun) -> Iterator[Node]:
        """Split a run of text at its directives: each ends at the first `}}` after its `{{`."""
        text, at = run
        done = 0
        while (start := text.find("{{", done)) >= 0:
            end = text.find("}}", start + 2) + 2
            if end < 2:
                break
            if start > done:
                yield Text(text[done:start], self._place(at + done))
            yield self._directive(text[start:end], self._place(at + start))
            done = end
        if done < len(text):
            yield Text(text[done:], self._place(at + done))

    def _directive(self, source: str, place: Place) -> Node:
        self._count()
        match = _NAME.match(source, 2)
        name = match[0].lower() if match else ""
        rest = source[2 + len(name) : -2]
        if name == "var":
            path, _, modifiers = rest.partition("|")
            return Var(parse_path(path), parse_modifiers(modifiers), source, place)
        if name in ("if", "depend"):
            return Unclosed(source, place)
        if name in DIRECTIVES:
            return Directive(name, parse_parameters(rest), source, place)
        return Unknown(source, place)

    def _count(self) -> None:
        self._directives += 1
        if self._directives > MAX_DIRECTIVES:
            raise TemplateError(f"The template has more than {MAX_DIRECTIVES:,} directives.")

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)
