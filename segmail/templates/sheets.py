"""A style sheet in two parts: what can stand in style attributes, and what cannot.

Rules for small screens, for links under the mouse, for fonts: no attribute can hold them, so they
stay a style sheet. A style attribute beats every sheet, so they become `!important`; else they
would never be seen.

Only the syntax is looked at: whether a property, a value or a selector means anything is left to
the mail reader. What cannot be read is left out, and so are rules inside other rules. The text is
written anew: `'a'` becomes `"a"`, and `u+b`, which reads like a range of characters, must be
written `u + b`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from tinycss2 import ast, parse_blocks_contents, parse_component_value_list, serialize

_DEEPEST = 5  # at-rules in at-rules; deeper ones stay as they are
_DEEPEST_BRACKETS = 32
_STATES = (
    *("hover", "link", "visited", "active", "focus", "target", "checked", "enabled", "disabled"),
    *("placeholder", "selection", "before", "after", "first-line", "first-letter", "autofill", "-"),
)
_FROM_THE_WEB = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_HUGE_NUMBER = re.compile(r"(?<![0-9])[0-9]{640,}")  # Python may refuse to read it


class Sheet(NamedTuple):
    """The two parts of a style sheet."""

    inlined: str
    kept: str


@lru_cache(maxsize=64)
def split_sheet(css: str) -> Sheet:
    """Return the parts of a style sheet; comments and what names files are in neither."""
    inlined: list[str] = []
    kept: list[str] = []
    nodes = parse_component_value_list(_HUGE_NUMBER.sub("0", css), skip_comments=True)
    for head, body in _statements(nodes):
        if isinstance(head[0], ast.AtKeywordToken):
            kept += _at_rule(head[0].lower_value, head, body)
        elif body is not None:
            plain, stateful = _by_state(head)
            if plain:
                inlined.append(f"{', '.join(plain)} {{ {';'.join(_declarations(body))} }}")
            if stateful:
                kept.append(f"{', '.join(stateful)} {{ {_important(body)} }}")
    kept.sort(key=lambda rule: not rule.startswith("@import"))  # they only count before others
    # `</` would end the <style> that holds them; in a style sheet it only ever stands in texts.
    return Sheet("\n".join(inlined), "\n".join(kept).replace("</", "<\\/"))


def _statements(
    nodes: Iterable[ast.Node],
) -> Iterator[tuple[list[ast.Node], list[ast.Node] | None]]:
    """Yield each rule's head and body; the body is None for those that end at a semicolon.

    More forgiving than the standard, where a `}` or `;` too many costs the rule behind it.
    """
    head: list[ast.Node] = []
    for node in nodes:
        is_end = _is_sign(node, ";") or (isinstance(node, ast.ParseError) and node.kind == "}")
        if is_end or isinstance(node, ast.CurlyBracketsBlock):
            if head:
                yield head, node.content if isinstance(node, ast.CurlyBracketsBlock) else None
            head = []
        elif not _is_sign(node, "<!--", "-->") and (
            head or not isinstance(node, ast.WhitespaceToken)
        ):
            head.append(node)


def _by_state(head: list[ast.Node]) -> tuple[list[str], list[str]]:
    """Return the selectors that an attribute can stand for, and those that depend on a state."""
    plain: list[str] = []
    stateful: list[str] = []
    for selector in _between_commas(head):
        if _is_readable(selector) and (text := _text(selector)):
            (stateful if _has_state(selector) else plain).append(text)
    return plain, stateful


def _between_commas(nodes: list[ast.Node]) -> Iterator[list[ast.Node]]:
    part: list[ast.Node] = []
    for node in nodes:
        if _is_sign(node, ","):
            yield part
            part = []
        else:
            part.append(node)
    yield part


def _has_state(selector: list[ast.Node]) -> bool:
    for node, following in pairwise(selector):
        if _is_sign(node, ":") and (
            _is_sign(following, ":")
            or (isinstance(following, ast.IdentToken) and following.lower_value.startswith(_STATES))
        ):
            return True
    functions = (node for node in selector if isinstance(node, ast.FunctionBlock))
    return any(_has_state(function.arguments) for function in functions)


def _at_rule(
    name: str, head: list[ast.Node], body: list[ast.Node] | None, depth: int = 1
) -> list[str]:
    if not _is_readable(head):
        return []
    if body is None:
        is_kept = name == "import" and _FROM_THE_WEB.match(_address(head))
        return [f"{_text(head)};"] if is_kept else []
    if name in {"media", "supports"} and depth < _DEEPEST:
        inner: list[str] = []
        for inner_head, inner_body in _statements(body):
            if isinstance(inner_head[0], ast.AtKeywordToken):
                inner += _at_rule(inner_head[0].lower_value, inner_head, inner_body, depth + 1)
            elif inner_body is not None and _is_readable(inner_head):
                inner.append(f"{_text(inner_head)} {{ {_important(inner_body)} }}")
        return [f"{_text(head)} {{ {' '.join(inner)} }}"]
    return [f"{_text(head)} {{{serialize(body)}}}"] if _is_readable(body) else []


def _address(head: list[ast.Node]) -> str:
    """Return the file that an @import names."""
    for node in head:
        if isinstance(node, ast.StringToken | ast.URLToken):
            return node.value
        if isinstance(node, ast.FunctionBlock):
            return _address(node.arguments)
    return ""


def _important(body: list[ast.Node]) -> str:
    return " ".join(
        f"{text};" if text.endswith("!important") else f"{text} !important;"
        for text in _declarations(body)
    )


def _declarations(body: list[ast.Node]) -> Iterator[str]:
    for node in parse_blocks_contents(body):
        if isinstance(node, ast.Declaration) and _is_readable(node.value):
            yield node.serialize().strip()


def _is_readable(nodes: Iterable[ast.Node]) -> bool:
    """Tell whether nothing in it is broken or deep inside brackets, which could not be written."""
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


def _text(nodes: list[ast.Node]) -> str:
    return serialize(nodes).strip()


def _is_sign(node: ast.Node, *signs: str) -> bool:
    return isinstance(node, ast.LiteralToken) and node.value in signs
