"""A style sheet read: rules for style attributes, and what no attribute can hold.

Rules for small screens, for links under the mouse, for fonts: no attribute can hold them, so they
stay a style sheet. Only the syntax is looked at: whether a property, a value or a selector means
anything is left to the mail reader. What cannot be read is left out, and so are rules inside other
rules. The text is written anew: `'a'` becomes `"a"`, and `u+b`, which reads like a range of
characters, must be written `u + b`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeGuard

from tinycss2 import ast, parse_component_value_list, serialize

from segmail.templates.declarations import (
    Declaration,
    declarations,
    is_readable,
    without_huge_numbers,
)

if TYPE_CHECKING:
    from turbohtml import Document

_ON_SCREENS = {"", "all", "screen"}
_DEEPEST = 5  # at-rules in at-rules; deeper ones stay as they are
_STATES = (
    *("hover", "link", "visited", "active", "focus", "target", "checked", "enabled", "disabled"),
    *("placeholder", "selection", "before", "after", "first-line", "first-letter", "autofill", "-"),
)
_FROM_THE_WEB = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)

Specificity: TypeAlias = tuple[int, int, int]


class Selector(NamedTuple):
    """A selector; `base` is it without its states (`:hover`), '' where that cannot be said."""

    text: str
    base: str
    has_state: bool
    specificity: Specificity


class StyleRule(NamedTuple):
    """A rule, and its place among all rules of its sheet."""

    order: int
    selectors: tuple[Selector, ...]
    declarations: tuple[Declaration, ...]

    @property
    def has_state(self) -> bool:
        """Whether an attribute can hold none of it."""
        return all(selector.has_state for selector in self.selectors)


class RuleGroup(NamedTuple):
    """MatchedRules under a condition, such as @media."""

    head: str
    items: tuple[Item, ...]


# A text is what stays as it is, such as @font-face.
Item: TypeAlias = "StyleRule | RuleGroup | str"
# What a kept rule says: its selectors and its declarations with their importance; None: nothing.
KeptRule: TypeAlias = tuple[list[Selector], list[tuple[Declaration, bool]]]
Chooser: TypeAlias = Callable[[StyleRule, bool], KeptRule | None]


class Sheet(NamedTuple):
    """A style sheet in its order; each rule stands for selectors with or without states."""

    items: tuple[Item, ...]

    def plain(self) -> list[StyleRule]:
        """Return the rules that attributes can stand for."""
        return [one for one in self.items if isinstance(one, StyleRule) and not one.has_state]

    def conditional(self) -> list[StyleRule]:
        """Return the rules that need a sheet, at any depth."""
        return list(_conditional(self.items, inside=False))


def own_css(document: Document) -> str:
    """Return what a document's own <style> elements say, each under the media that it names."""
    found = []
    for element in document.select("style"):
        media = element.attr("media") or ""
        if any(name.startswith("amp") for name in element.attrs):
            continue
        if any(name.strip().lower() in _ON_SCREENS for name in media.split(",")):
            found.append(element.text)
        elif not set(media) & set("{};"):
            found.append(f"@media {media} {{\n{element.text}\n}}")
    return "\n".join(found)


@lru_cache(maxsize=64)
def read_sheet(css: str) -> Sheet:
    """Read a style sheet; comments and what names files are left out."""
    nodes = parse_component_value_list(without_huge_numbers(css), skip_comments=True)
    items = list(_Reader().items(nodes, depth=0))
    items.sort(key=lambda item: not (isinstance(item, str) and item.startswith("@import")))
    return Sheet(tuple(items))  # imports only count before others


def written(sheet: Sheet, choose: Chooser) -> str:
    """Return the sheet's text with what `choose` keeps of each rule; it is told whether the rule
    stands under a condition."""
    lines = list(_written(sheet.items, choose, inside=False))
    # `</` would end the <style> that holds them; in a style sheet it only ever stands in texts.
    return "\n".join(lines).replace("</", "<\\/")


def as_it_is(sheet: Sheet) -> str:
    """Return the sheet's text as it was, but for what could not be read."""

    def choose(rule: StyleRule, inside: bool) -> KeptRule:
        return list(rule.selectors), [(one, one.important) for one in rule.declarations]

    return written(sheet, choose)


def _conditional(items: Iterable[Item], *, inside: bool) -> Iterator[StyleRule]:
    for item in items:
        if isinstance(item, RuleGroup):
            yield from _conditional(item.items, inside=True)
        elif isinstance(item, StyleRule) and (inside or item.has_state):
            yield item


def _written(items: Iterable[Item], choose: Chooser, *, inside: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, RuleGroup):
            inner = list(_written(item.items, choose, inside=True))
            if inner:
                yield f"{item.head} {{ {' '.join(inner)} }}"
        elif chosen := choose(item, inside):
            selectors, told = chosen
            names = ", ".join(selector.text for selector in selectors)
            yield f"{names} {{ {' '.join(_declared(*one) for one in told)} }}"


def _declared(one: Declaration, important: bool) -> str:
    return f"{one.text} !important;" if important else f"{one.text};"


class _Reader:
    def __init__(self) -> None:
        self._order = 0

    def items(self, nodes: Iterable[ast.Node], depth: int) -> Iterator[Item]:
        for head, body in _statements(nodes):
            if isinstance(head[0], ast.AtKeywordToken):
                yield from self._at_rule(head[0].lower_value, head, body, depth + 1)
            elif body is not None:
                yield from self._rules(head, body, is_inside=depth > 0)

    def _rules(
        self, head: list[ast.Node], body: list[ast.Node], *, is_inside: bool
    ) -> Iterator[StyleRule]:
        """Yield the rule; where some of its selectors have states, those are one of their own."""
        selectors = list(_selectors(head))
        if is_inside and len(selectors) != sum(1 for _ in _between_commas(head)):
            return  # browsers pass over the whole
        told = tuple(declarations(body))
        self._order += 1
        groups = (
            [selectors]
            if is_inside
            else [[one for one in selectors if one.has_state is state] for state in (False, True)]
        )
        for group in groups:
            if group:
                yield StyleRule(self._order, tuple(group), told)

    def _at_rule(
        self, name: str, head: list[ast.Node], body: list[ast.Node] | None, depth: int
    ) -> Iterator[Item]:
        if not is_readable(head):
            return
        if body is None:
            if name == "import" and _FROM_THE_WEB.match(_address(head)):
                yield f"{_text(head)};"
        elif name in {"media", "supports"} and depth < _DEEPEST:
            yield RuleGroup(_text(head), tuple(self.items(body, depth)))
        elif is_readable(body):
            yield f"{_text(head)} {{{serialize(body)}}}"


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


def _selectors(head: list[ast.Node]) -> Iterator[Selector]:
    for nodes in _between_commas(head):
        if is_readable(nodes) and (text := _text(nodes)):
            has_state = _has_state(nodes)
            base = _text(_without_states(nodes)) if has_state else text
            yield Selector(text, base, has_state, _specificity(nodes))


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


def _without_states(selector: list[ast.Node]) -> list[ast.Node]:
    """Return the selector of the elements that may come into the state; [] if that is not known."""
    kept: list[ast.Node] = []
    nodes = iter(selector)
    for node in nodes:
        if isinstance(node, ast.FunctionBlock) and _has_state(node.arguments):
            return []
        if not _is_sign(node, ":"):
            kept.append(node)
            continue
        following = next(nodes, None)
        if _is_plain(following):
            kept += [node, following]
        elif following is not None and _is_sign(following, ":"):
            next(nodes, None)
    return kept


def _is_plain(node: ast.Node | None) -> TypeGuard[ast.Node]:
    """Tell whether what follows a colon is no state of an element."""
    if isinstance(node, ast.IdentToken):
        return not node.lower_value.startswith(_STATES)
    return isinstance(node, ast.FunctionBlock)


def _specificity(selector: list[ast.Node]) -> Specificity:
    """Count names of ids, of classes, attributes and pseudo-classes, and of elements."""
    ids = classes = elements = 0
    before: ast.Node | None = None
    for node in selector:
        if isinstance(node, ast.HashToken):
            ids += 1
        elif isinstance(node, ast.SquareBracketsBlock):
            classes += 1
        elif isinstance(node, ast.FunctionBlock):
            inner = _of_function(node)
            ids, classes, elements = ids + inner[0], classes + inner[1], elements + inner[2]
        elif isinstance(node, ast.IdentToken):
            is_class = before is not None and _is_sign(before, ".", ":")
            classes, elements = classes + is_class, elements + (not is_class)
        before = node
    return ids, classes, elements


def _of_function(node: ast.FunctionBlock) -> Specificity:
    if node.lower_name in ("is", "not", "has", "matches"):
        return max(map(_specificity, _between_commas(node.arguments)))
    return (0, 0, 0) if node.lower_name == "where" else (0, 1, 0)


def _address(head: list[ast.Node]) -> str:
    """Return the file that an @import names."""
    for node in head:
        if isinstance(node, ast.StringToken | ast.URLToken):
            return node.value
        if isinstance(node, ast.FunctionBlock):
            return _address(node.arguments)
    return ""


def _text(nodes: list[ast.Node]) -> str:
    return serialize(nodes).strip()


def _is_sign(node: ast.Node, *signs: str) -> bool:
    return isinstance(node, ast.LiteralToken) and node.value in signs
