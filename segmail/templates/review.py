"""What is worth a second look in a template, with its place: for checks, not for rendering.

`notes` need no knowledge of the shop; `reads` and `used_directives` are what a check compares with
it: variables, attributes, templates, files.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from segmail.templates.modifiers import unknown_modifiers
from segmail.templates.nodes import (
    Block,
    Directive,
    Node,
    Place,
    Text,
    Unclosed,
    Unknown,
    Var,
    paths_of,
    walk,
)
from segmail.templates.parser import parse

_BLOCK_TAG = re.compile(r"\{\{(?:/(?:if|depend)\s*|else)\}\}", re.IGNORECASE | re.ASCII)
_COMPARISON = re.compile(r"[=<>!&|]")


class NoteKind(enum.Enum):
    """What a note is about; the value is its name in messages."""

    UNKNOWN_DIRECTIVE = "unknown directive"  # printed as it is
    UNCLOSED_BLOCK = "block without its end"  # prints nothing; its text is printed in any case
    STRAY_TAG = "end of no block"  # {{/if}}, {{/depend}} or {{else}}; printed as it is
    UNFINISHED = "directive without its end"  # `{{` without `}}`; printed as it is
    UNKNOWN_MODIFIER = "unknown modifier"  # changes nothing, so the value is not escaped
    COMPARISON = "comparison"  # an operator in a condition, which Maho reads as part of a name


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd: where its directive begins (both count from 1), what it is, and its text.

    The text is the directive as written; for an unknown modifier it is the modifier, for a
    comparison the condition.
    """

    line: int
    column: int
    kind: NoteKind
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """A variable that a directive reads, and the member of it; '' for the whole variable.

    `member` is a data key in lower case, as in `Needs`; `source` is the directive as written.
    """

    line: int
    column: int
    variable: str
    member: str
    source: str


def notes(source: str) -> list[Note]:
    """Return what is odd about a template, in the order of its text.

    Raises TemplateError if it exceeds a limit.
    """
    found = (
        Note(*place, kind, text) for node in walk(parse(source)) for place, kind, text in _of(node)
    )
    return sorted(dict.fromkeys(found), key=lambda note: (note.line, note.column))


def reads(source: str) -> list[Read]:
    """Return what a template reads, in the order of its text; not what it includes."""
    found = (
        Read(*node.place, path.name, path.member, node.source)
        for node in walk(parse(source))
        for path in paths_of(node)
        if not isinstance(node, Text)
    )
    return list(dict.fromkeys(found))


def used_directives(source: str) -> list[Directive]:
    """Return the directives of a template except {{var}} and blocks, in the order of its text."""
    return [node for node in walk(parse(source)) if isinstance(node, Directive)]


def _of(node: Node) -> Iterator[tuple[Place, NoteKind, str]]:
    match node:
        case Unknown(source, place):
            stray = _BLOCK_TAG.fullmatch(source)
            kind = NoteKind.STRAY_TAG if stray else NoteKind.UNKNOWN_DIRECTIVE
            yield place, kind, source
        case Unclosed(source, place):
            yield place, NoteKind.UNCLOSED_BLOCK, source
        case Text(text, place) if "{{" in text:
            start = text.index("{{")
            yield place.after(text[:start]), NoteKind.UNFINISHED, text[start:]
        case Var(source=source, place=place):
            _, _, modifiers = source[:-2].partition("|")
            for modifier in unknown_modifiers(modifiers):
                yield place, NoteKind.UNKNOWN_MODIFIER, modifier
        case Block(name=name, source=source, place=place):
            condition = source[2 + len(name) : -2].strip()
            if _COMPARISON.search(condition):
                yield place, NoteKind.COMPARISON, condition
