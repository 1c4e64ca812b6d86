"""A style sheet parsed into rules for style attributes, and what no attribute can hold.

No attribute can hold rules for small screens, for links under the mouse, or for fonts, so they stay
a style sheet. Only the syntax is checked: the mail reader decides whether a property, a value or a
selector means anything. What cannot be read is left out, and so are rules inside other rules. The
text is written anew: `'a'` becomes `"a"`, and `u+b`, which looks like a range of characters, must
be written `u + b`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

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
_DEEPEST = 5  # levels of at-rules inside at-rules; deeper ones stay as they are
_STATES = (
    *("hover", "link", "visited", "active", "focus", "target", "checked", "enabled", "disabled"),
    *("placeholder", "autofill"),
)
_PARTS = {"before", "after", "first-line", "first-letter"}  # with one colon, too
_FROM_THE_WEB = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)

Specificity: TypeAlias = tuple[int, int, int]


class Reach(enum.Enum):
    """What a selector refers to."""

    ELEMENTS = "elements as they are"  # a style attribute can replace it
    STATES = "elements under the mouse, visited links"
    PARTS = "parts of elements, such as ::before"  # they have no attributes
    SOME_BROWSERS = "what only some browsers know, such as ::-moz-selection"


class Selector(NamedTuple):
    """A selector; `base` is it without its states (`:hover`), `subject` the last part of `base`."""

    text: str
    base: str
    subject: str
    reach: Reach
    specificity: Specificity


class StyleRule(NamedTuple):
    """A rule, and its position among all rules of its sheet."""

    order: int
    selectors: tuple[Selector, ...]
    declarations: tuple[Declaration, ...]

    @property
    def is_plain(self) -> bool:
        """Whether style attributes can replace it."""
        return all(one.reach is Reach.ELEMENTS for one in self.selectors)

    @property
    def is_for_parts(self) -> bool:
        """Whether it says nothing about elements as a whole."""
        return all(one.reach is Reach.PARTS or "::-" in one.text for one in self.selectors)


class RuleGroup(NamedTuple):
    """Rules under a condition, such as @media."""

    head: str
    items: tuple[Item, ...]


# A text is something that stays as it is, such as @font-face.
Item: TypeAlias = "StyleRule | RuleGroup | str"
# What is kept of a rule: selectors, and declarations with their importance.
KeptRule: TypeAlias = tuple[Sequence[Selector], Sequence[tuple[Declaration, bool]]]
Chooser: TypeAlias = Callable[[StyleRule], Iterable[KeptRule]]


class Sheet(NamedTuple):
    """A style sheet in order; the selectors of a rule are all of one kind."""

    items: tuple[Item, ...]

    def plain(self) -> list[StyleRule]:
        """Return the rules that attributes can replace."""
        return [one for one in self.items if isinstance(one, StyleRule) and one.is_plain]

    def rules(self) -> list[StyleRule]:
        """Return all rules, at any depth."""
        return list(_rules(self.items))


def own_css(document: Document) -> str:
    """Return the contents of a document's own <style> elements, each under its media."""
    found = []
    for element in document.select("style"):
        media = element.attr("media") or ""
        if any(name.strip().lower() in _ON_SCREENS for name in media.split(",")):
            found.append(element.text)
        elif not set(media) & set("{};"):
            found.append(f"@media {media} {{\n{element.text}\n}}")
    return "\n".join(found)


@lru_cache(maxsize=64)
def read_sheet(css: str) -> Sheet:
    """Read a style sheet; comments and anything that names files are left out."""
    nodes = parse_component_value_list(without_huge_numbers(css), skip_comments=True)
    items = list(_Reader().items(nodes, depth=0))
    items.sort(key=lambda item: not (isinstance(item, str) and item.startswith("@import")))
    return Sheet(tuple(items))  # imports only count before other rules


def written(sheet: Sheet, choose: Chooser) -> str:
    """Return the sheet's text with the parts of each rule that `choose` keeps."""
    lines = list(_written(sheet.items, choose))
    # `</` would end the <style> around them; in a style sheet it occurs only in texts.
    return "\n".join(lines).replace("</", "<\\/")


def as_it_is(sheet: Sheet) -> str:
    """Return the sheet's text as it was, without what could not be read."""

    return written(sheet, as_it_was)


def as_it_was(rule: StyleRule) -> Iterator[KeptRule]:
    """Keep all of a rule."""
    yield rule.selectors, [(one, one.important) for one in rule.declarations]


def _rules(items: Iterable[Item]) -> Iterator[StyleRule]:
    for item in items:
        if isinstance(item, RuleGroup):
            yield from _rules(item.items)
        elif isinstance(item, StyleRule):
            yield item


def _written(items: Iterable[Item], choose: Chooser) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, RuleGroup):
            inner = list(_written(item.items, choose))
            if inner:
                yield f"{item.head} {{ {' '.join(inner)} }}"
        else:
            for selectors, told in choose(item):
                if selectors and told:
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
        """Yield the rule once for each kind of selector that it has."""
        selectors = list(_selectors(head))
        if is_inside and len(selectors) != sum(1 for _ in _between_commas(head)):
            return  # browsers ignore the whole rule
        told = tuple(declarations(body))
        for group in _of_a_kind(selectors):
            self._order += 1
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
    """Yield each rule's head and body; the body is None if the rule ends at a semicolon.

    It is more forgiving than the standard, where a surplus `}` or `;` costs the next rule.
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
            reach = _reach(nodes)
            base = text if reach is Reach.ELEMENTS else _text(list(_without_states(nodes)))
            yield Selector(text, base, _subject(nodes), reach, _specificity(nodes))


def _between_commas(nodes: list[ast.Node]) -> Iterator[list[ast.Node]]:
    part: list[ast.Node] = []
    for node in nodes:
        if _is_sign(node, ","):
            yield part
            part = []
        else:
            part.append(node)
    yield part


def _of_a_kind(selectors: list[Selector]) -> list[list[Selector]]:
    """Return the selectors by what they refer to.

    A selector that a browser does not know costs the whole rule there, so such a rule stays in one
    piece.
    """
    if any(one.reach is Reach.SOME_BROWSERS for one in selectors):
        return [selectors]
    groups = ([one for one in selectors if one.reach is reach] for reach in Reach)
    return [group for group in groups if group]


def _reach(selector: list[ast.Node]) -> Reach:
    found = Reach.ELEMENTS
    for (node, following), name in zip(pairwise(selector), _names(selector), strict=True):
        if not _is_sign(node, ":"):
            continue
        if name.startswith("-"):
            return Reach.SOME_BROWSERS
        if name in _PARTS or _is_sign(following, ":"):
            found = Reach.PARTS
        elif name.startswith(_STATES) and found is Reach.ELEMENTS:
            found = Reach.STATES
    functions = (node for node in selector if isinstance(node, ast.FunctionBlock))
    inner = [_reach(function.arguments) for function in functions]
    return max((found, *inner), key=list(Reach).index)


def _names(selector: list[ast.Node]) -> Iterator[str]:
    """Yield, for each node but the last, the name that follows it, if there is one."""
    for following in selector[1:]:
        yield following.lower_value if isinstance(following, ast.IdentToken) else ""


def _without_states(selector: list[ast.Node]) -> Iterator[ast.Node]:
    """Yield the selector of the elements that may come into the state."""
    nodes = iter(selector)
    is_first = True  # of its compound
    for node in nodes:
        following = next(nodes, None) if _is_sign(node, ":") else None
        if _is_sign(node, ":") and not _is_lasting(following):
            if is_first:
                yield ast.LiteralToken(0, 0, "*")
            if following is not None and _is_sign(following, ":"):
                next(nodes, None)
        else:
            yield node
            if following is not None:
                yield following
        is_first = _is_between(node)


def _is_lasting(node: ast.Node | None) -> bool:
    """Return whether what follows a colon is not a state of an element."""
    if isinstance(node, ast.IdentToken):
        return not node.lower_value.startswith(_STATES)
    return isinstance(node, ast.FunctionBlock) and _reach(node.arguments) is Reach.ELEMENTS


def _is_between(node: ast.Node) -> bool:
    """Return whether a node is between the compounds of a selector."""
    return isinstance(node, ast.WhitespaceToken) or _is_sign(node, ">", "+", "~")


def _subject(selector: list[ast.Node]) -> str:
    """Return what a selector says about the element itself, without what programs may add to it."""
    last: list[ast.Node] = []
    for node in selector:
        last = [] if _is_between(node) else [*last, node]
    told = (one for one in last if not isinstance(one, ast.SquareBracketsBlock))
    return _text(list(_without_states(list(told)))) or "*"


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
