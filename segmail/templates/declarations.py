"""CSS declarations: read from text, sorted, written into a style attribute.

A browser keeps a declaration until a later one that it understands sets the same property. It is
known which values every browser understands only for plain ones: lengths, colours, a keyword alone.
Beside any other value the earlier declaration stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tinycss2 import ast, parse_blocks_contents, serialize

_DEEPEST_BRACKETS = 32
_HUGE_NUMBER = re.compile(r"(?<![0-9])[0-9]{640,}")  # longer ones Python may refuse to read

_LENGTH = r"(?:0|auto|[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:px|em|rem|pt|%))"
_LENGTHS = re.compile(rf"{_LENGTH}(?: {_LENGTH}){{0,3}}", re.IGNORECASE)
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})|black|white|red|green|blue", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*", re.IGNORECASE)
_BOX = re.compile(
    r"(?:margin|padding)(?:-(?:top|right|bottom|left))?|(?:max-|min-)?(?:width|height)"
    r"|top|right|bottom|left"
)
_WORDS = {
    "display": frozenset({"none", "block", "inline", "inline-block", "table", "table-cell"}),
    "text-align": frozenset({"left", "right", "center", "justify"}),
    "text-decoration": frozenset({"none", "underline", "line-through"}),
    "font-weight": frozenset({"normal", "bold"}),
    "font-style": frozenset({"normal", "italic"}),
    "vertical-align": frozenset({"top", "middle", "bottom", "baseline"}),
}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SIGN = re.compile(r"\\.|[\"'()\[\]{};]", re.DOTALL)


class Declaration(NamedTuple):
    """A declaration; `text` is the text as written, without `!important`."""

    name: str
    value: str
    important: bool
    text: str


def without_huge_numbers(css: str) -> str:
    """Return CSS without numbers that are too long to be read."""
    return _HUGE_NUMBER.sub("0", css)


def declarations(nodes: str | list[ast.Node]) -> Iterator[Declaration]:
    """Yield the declarations that can be read; one that cannot is left out alone."""
    if isinstance(nodes, str):
        nodes = without_huge_numbers(nodes)
    for node in parse_blocks_contents(nodes, skip_comments=True):
        if isinstance(node, ast.Declaration) and is_readable(node.value):
            value = serialize(node.value).strip()
            text = f"{node.name}:{value}"
            yield Declaration(node.lower_name, value, node.important, text)


def unreadable(css: str) -> list[str]:
    """Return the parts of a style attribute that browsers ignore."""
    return [
        part
        for part in map(str.strip, parts(css))
        if part and not any(True for _ in declarations(part))
    ]


@lru_cache(maxsize=2_000)
def parts(css: str) -> tuple[str, ...]:
    """Return a style attribute, split at its semicolons except those in strings and brackets."""
    found, start, depth, quote = [], 0, 0, ""
    for match in _SIGN.finditer(css):
        sign = match[0]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in ("'", '"'):
            quote = sign
        elif sign == ";" and not depth:
            found.append(css[start : match.start()])
            start = match.end()
        else:
            depth = max(0, depth + (sign in "([{") - (sign in ")]}"))
    return (*found, css[start:])


def style_attribute(
    before: Sequence[Declaration], pasted: str, after: Sequence[Declaration]
) -> str:
    """Return a style attribute: rules, what was pasted, and rules that beat what was pasted.

    Of two declarations of a property, only the later one is kept if all browsers know its value.
    """
    own = list(_pasted(pasted))
    pinned = {part.name for part in own if part.is_important}
    told = [
        *map(_part, before),
        *(_part(one) for one in after if one.name in pinned),
        *own,
        *(_part(one) for one in after if one.name not in pinned),
    ]
    kept: list[str] = []
    settled: set[str] = set()
    for part in reversed(told):
        if part.is_pasted or part.name not in settled:
            kept.append(part.text)
        if part.is_sure:
            settled.add(part.name)
    return "".join(f"{text};" for text in reversed(kept))


def is_sure(one: Declaration) -> bool:
    """Return whether every browser understands a value."""
    name, value = one.name, one.value
    if _BOX.fullmatch(name):
        many = name in ("margin", "padding")
        return bool(_LENGTHS.fullmatch(value)) and (many or " " not in value)
    if name in ("color", "background-color"):
        return bool(_COLOUR.fullmatch(value))
    if name == "line-height":
        return bool(_LENGTHS.fullmatch(value) or _NUMBER.fullmatch(value)) and " " not in value
    return value.lower() in _WORDS.get(name, ()) or (
        name == "font-weight" and value in ("400", "700")
    )


def is_readable(nodes: Iterable[ast.Node]) -> bool:
    """Return whether nothing in it is broken, or too deep inside brackets to be written."""
    for _ in range(_DEEPEST_BRACKETS):
        inner: list[ast.Node] = []
        for node in nodes:
            if isinstance(node, ast.ParseError):
                return False
            if isinstance(node, ast.FunctionBlock):
                inner += node.arguments
            elif isinstance(
                node, ast.CurlyBracketsBlock | ast.ParenthesesBlock | ast.SquareBracketsBlock
            ):
                inner += node.content
        if not inner:
            return True
        nodes = inner
    return False


class _Part(NamedTuple):
    """A part of a style attribute; `is_sure` says that every browser understands it."""

    name: str
    text: str
    is_sure: bool
    is_important: bool = False
    is_pasted: bool = False


def _part(one: Declaration) -> _Part:
    return _Part(one.name, f"{one.name}: {one.value}", is_sure(one))


def _pasted(css: str) -> Iterator[_Part]:
    """Yield the parts of a pasted attribute.

    What cannot be read is passed on, because it was pasted. Only an open bracket or quotation mark,
    which would swallow what follows, is left out.
    """
    for text in map(str.strip, parts(css)):
        read = next(declarations(text), None) if text else None
        if read:
            name, _, value = text.partition(":")
            written = f"{name.strip()}: {value.strip()}"
            yield _Part(read.name, written, is_sure(read), read.important, is_pasted=True)
        elif text and not any(sign in text for sign in "(){}[]\\\"'"):
            yield _Part("", text, is_sure=False, is_pasted=True)
