"""Which rules of a style sheet are for which elements of a mail, and which of them win.

The document's own <style> counts, too: what it says comes after the sheet, so its rules win
over those of the sheet that are moved into attributes. They are written into the attribute only
where they say something else than the sheet does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from segmail.templates.declarations import Declaration, declarations, overlap, style_attribute
from segmail.templates.sheets import Rule, Selector, Sheet, Written, written

if TYPE_CHECKING:
    from turbohtml import Document, Element

# What decides between two declarations: importance, specificity, and the place in the sheets.
Weight: TypeAlias = tuple[bool, int, int, int, int]

_OWN = 1_000_000  # the document's rules come after all of the sheet


@dataclass(slots=True)
class Styled:
    """An element that gets styles: its rules by weight, and what its style attribute said."""

    element: Element
    pasted: str
    rules: dict[int, tuple[Weight, Rule]] = field(default_factory=dict)

    def add(self, rule: Rule, selector: Selector, start: int) -> None:
        """Take a rule; of its selectors the weightiest counts."""
        place = start + rule.order
        weight = (False, *selector.specificity, place)
        found = self.rules.get(place)
        if found is None or found[0] < weight:
            self.rules[place] = (weight, rule)

    def declared(self) -> list[tuple[Weight, Declaration, Rule]]:
        """Return what the attribute says without what was pasted, the winning ones last."""
        ordered = [self.rules[place] for place in sorted(self.rules)]
        ordered.sort(key=lambda one: one[0])
        found = [
            ((declaration.important, *weight[1:]), declaration, rule)
            for weight, rule in ordered
            for declaration in rule.declarations
        ]
        found.sort(key=lambda one: one[0][0])
        names = {one.name for weight, one, _ in found if weight[4] < _OWN}
        return [
            one
            for one in found
            if one[0][4] < _OWN or any(overlap(one[1].name, name) for name in names)
        ]

    def attribute(self) -> str:
        """Return the text of the style attribute."""
        found = self.declared()
        return _attribute(
            tuple(one for weight, one, _ in found if not weight[0]),
            self.pasted,
            tuple(one for weight, one, _ in found if weight[0]),
        )


class Cascade:
    """A document's elements with the rules of a sheet, but those that match more than `most`."""

    def __init__(self, document: Document, sheet: Sheet, own: Sheet, *, most: int) -> None:
        self.styled: dict[Element, Styled] = {}
        self._document = document
        self._sheet = sheet
        self._own = own
        self._most = most
        self._matches: dict[str, list[Element]] = {}
        self._left: set[int] = set()  # the places of rules that stay in the sheet, or also do
        self._take_sheet()
        self._take_own()

    def kept(self) -> str:
        """Return what has to stay a style sheet."""
        beaten = self._beaten(self._sheet)

        def choose(rule: Rule, inside: bool) -> Written | None:
            if inside or rule.has_state or rule.order in self._left or rule.order in beaten:
                return list(rule.selectors), [
                    (one, one.important or self._must_win(rule, one, 0))
                    for one in rule.declarations
                ]
            unmatched = [one for one in rule.selectors if not self._elements(one)]
            told = [(one, True) for one in rule.declarations]
            return (unmatched, told) if unmatched and told else None

        def choose_own(rule: Rule, inside: bool) -> Written | None:
            if not (inside or rule.has_state):
                return None
            told = [
                (one, True)
                for one in rule.declarations
                if not one.important and self._beats(rule, one, _OWN)
            ]
            return (list(rule.selectors), told) if told else None

        texts = (written(self._sheet, choose), written(_rules_only(self._own), choose_own))
        return "\n".join(filter(None, texts))

    def _take_sheet(self) -> None:
        for rule in self._sheet.plain():
            found = [(one, self._elements(one)) for one in rule.selectors]
            if sum(len(elements) for _, elements in found) > self._most:
                self._left.add(rule.order)
                continue
            for selector, elements in found:
                for element in elements:
                    if element not in self.styled:
                        self.styled[element] = Styled(element, str(element.attr("style") or ""))
                    self.styled[element].add(rule, selector, 0)

    def _take_own(self) -> None:
        if not self.styled:
            return
        for rule in self._own.plain():
            for selector in rule.selectors:
                for element in self._elements(selector):
                    if element in self.styled:
                        self.styled[element].add(rule, selector, _OWN)

    def _elements(self, selector: Selector) -> list[Element]:
        """Return the elements of a selector that stand in the source; [] if it is not known."""
        base = selector.base
        if base not in self._matches:
            self._matches[base] = list(self._select(base)) if base else []
        return self._matches[base]

    def _select(self, base: str) -> Iterator[Element]:
        from turbohtml import SelectorSyntaxError

        if ":has(" in base:
            return  # takes time with the square of the elements
        try:
            found = self._document.select(base)
        except SelectorSyntaxError:
            return
        for element in found:
            place = element.source_location
            if place and ("style" in place.attrs or element.attr("style") is None):
                yield element

    def _must_win(self, rule: Rule, one: Declaration, start: int) -> bool:
        """Tell whether a declaration may only count over attributes if it is important.

        Not so where everything that attributes say of its property comes after it.
        """
        wins, loses = self._outcome(rule, one, start)
        return wins or not loses

    def _beats(self, rule: Rule, one: Declaration, start: int) -> bool:
        return self._outcome(rule, one, start)[0]

    def _outcome(self, rule: Rule, one: Declaration, start: int) -> tuple[bool, bool]:
        wins = loses = False
        for _, stronger in self._rivals(rule, one, start):
            wins, loses = wins or not stronger, loses or stronger
        return wins, loses

    def _rivals(
        self, rule: Rule, one: Declaration, start: int
    ) -> Iterator[tuple[Rule | None, bool]]:
        """Yield who speaks of the same property in an attribute, and whether that is to win."""
        for selector in rule.selectors:
            weight = (one.important, *selector.specificity, start + rule.order)
            for element in self._elements(selector):
                styled = self.styled.get(element)
                if styled is None:
                    continue
                if not one.important and _speaks_of(styled.pasted, one.name):
                    yield None, True
                    continue
                for other_weight, other, other_rule in styled.declared():
                    if overlap(other.name, one.name):
                        yield other_rule, other_weight > weight

    def _beaten(self, sheet: Sheet) -> set[int]:
        """Return the plain rules that must stand in the kept sheet too, as they win there over a
        rule that wins over others."""
        found: set[int] = set()
        for rule in sheet.conditional():
            for one in rule.declarations:
                rivals = list(self._rivals(rule, one, 0))
                if any(not stronger for _, stronger in rivals):
                    found |= {
                        other.order for other, stronger in rivals if stronger and other is not None
                    }
        return found


def _rules_only(sheet: Sheet) -> Sheet:
    return Sheet(tuple(item for item in sheet.items if not isinstance(item, str)))


@lru_cache(maxsize=2_000)
def _speaks_of(pasted: str, name: str) -> bool:
    return bool(pasted) and any(overlap(one.name, name) for one in declarations(pasted))


@lru_cache(maxsize=2_000)
def _attribute(before: Iterable[Declaration], pasted: str, after: Iterable[Declaration]) -> str:
    return style_attribute(before, pasted, after)
