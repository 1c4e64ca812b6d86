"""Which rules of a style sheet are for which elements of a mail, and which of them win.

The document's own <style> counts, too: what it says comes after the sheet, so its rules win
over those of the sheet that are moved into attributes. They are written into the attribute only
where they say something else than the sheet does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from segmail.templates.declarations import Declaration, declarations, overlap, style_attribute
from segmail.templates.sheets import KeptRule, Selector, Sheet, StyleRule, read_sheet, written
from segmail.templates.style_work import StyleWork

if TYPE_CHECKING:
    from turbohtml import Document, Element, SourceLocation

_HOOK = re.compile(
    r"#outlook\b|\.ExternalClass|\.ReadMsgBody|#MessageView|#MessageWebView|\[data-og|\[owa|\[x-apple"
    r"|\[office365|\.yshortcuts|\.yahoo|\.yfix|\.gmail|\.aHl|\.a6S|\.ii\b|\.im\b|\.moz-|\.x_"
    r"|#backgroundTable|\bu ?\+|div\[style"
)

_KEPT = 5_000  # attributes for one sheet

# What decides between two declarations: importance, specificity, and the place in the sheets.
Weight: TypeAlias = tuple[bool, int, int, int, int]

Said: TypeAlias = tuple[Weight, Declaration]

# The rules of an element and what was pasted into its attribute: elements of which both are the
# same get the same attribute.
Situation: TypeAlias = tuple[tuple[Weight, ...], str]

_OWN = 1_000_000  # the document's rules come after all of the sheet


class MatchedRules:
    """A sheet and the document's own one, with what attributes say of rules that came together."""

    def __init__(self, sheet: Sheet, own: Sheet) -> None:
        self.sheet = sheet
        self.own = own
        self._by_place = {rule.order: rule for rule in sheet.plain()}
        self._by_place |= {_OWN + rule.order: rule for rule in own.plain()}
        self._declared: dict[tuple[Weight, ...], list[Said]] = {}
        self._attributes: dict[tuple[tuple[Weight, ...], str], str] = {}

    def declared(self, weights: tuple[Weight, ...]) -> list[Said]:
        """Return what rules of these weights say, the winning ones last."""
        if weights not in self._declared:
            self._declared[weights] = self._say(sorted(weights))
        return self._declared[weights]

    def attribute(self, weights: tuple[Weight, ...], pasted: str) -> str:
        """Return the text of the style attribute that had `pasted` in it."""
        key = (weights, pasted)
        if key not in self._attributes:
            if len(self._attributes) >= _KEPT:
                self._attributes.clear()
            found = self.declared(weights)
            self._attributes[key] = style_attribute(
                [one for weight, one in found if not weight[0]],
                pasted,
                [one for weight, one in found if weight[0]],
            )
        return self._attributes[key]

    def effort(self, weights: tuple[Weight, ...]) -> int:
        """Return how many steps `declared` takes at most."""
        said = [self._by_place[weight[4]].declarations for weight in weights]
        of_sheet = {
            one.name
            for weight, told in zip(weights, said, strict=True)
            if weight[4] < _OWN
            for one in told
        }
        of_own = sum(
            len(told) for weight, told in zip(weights, said, strict=True) if weight[4] >= _OWN
        )
        return len(weights) + sum(map(len, said)) + of_own * len(of_sheet)

    def winners(self, weights: tuple[Weight, ...], name: str) -> list[Weight]:
        """Return the weights of what counts in the end for a property and its parts."""
        found = {one.name: weight for weight, one in self.declared(weights)}
        return [weight for other, weight in found.items() if overlap(other, name)]

    def _say(self, weights: list[Weight]) -> list[Said]:
        found = [
            ((declaration.important, *weight[1:]), declaration)
            for weight in weights
            for declaration in self._by_place[weight[4]].declarations
        ]
        found.sort(key=lambda one: one[0][0])
        names = {one.name for weight, one in found if weight[4] < _OWN}
        return [
            one
            for one in found
            if one[0][4] < _OWN or any(overlap(one[1].name, name) for name in names)
        ]


@lru_cache(maxsize=64)
def rules_of(css: str, own: str) -> MatchedRules:
    """Return the rules of two style sheets, read once for many mails."""
    return MatchedRules(read_sheet(css), read_sheet(own))


class Cascade:
    """A document's elements with the rules of a sheet, but those that match more than `most`.

    All of its methods raise TooMuchWork before it is.
    """

    def __init__(self, document: Document, rules: MatchedRules, *, most: int) -> None:
        self._work = StyleWork()
        self._weights: dict[Element, dict[int, Weight]] = {}
        self._places: dict[Element, SourceLocation | None] = {}
        self._document = document
        self._rules = rules
        self._sheet = rules.sheet
        self._own = rules.own
        self._most = most
        self._matches: dict[str, list[Element]] = {}
        self._left: set[int] = set()  # the places of rules that stay in the sheet
        self._take_sheet()
        self._take_own()
        self._situations: dict[Element, Situation] = {
            element: (tuple(weights.values()), _pasted(element))
            for element, weights in self._weights.items()
        }
        self._situations_of_base: dict[str, Sequence[Situation]] = {}
        self._count()

    def attributes(self) -> Iterator[tuple[SourceLocation, str]]:
        """Yield where an element's start tag is, and what its style attribute is to say."""
        for element, (weights, pasted) in self._situations.items():
            place = self._places[element]
            text = self._rules.attribute(weights, pasted)
            if place is not None and text:
                self._work.write(text)
                yield place, text

    def kept(self, *, is_fragment: bool) -> str:
        """Return what has to stay a style sheet.

        Of the rules that match nothing, a fragment keeps those for what mail programs are known to
        add: it is mostly a part of a shop's mails, which share a sheet.
        """
        beaten = self._beaten(self._sheet)

        def choose(rule: StyleRule, inside: bool) -> KeptRule | None:
            if inside or rule.has_state or rule.order in self._left or rule.order in beaten:
                return list(rule.selectors), [
                    (one, one.important or self._must_win(rule, one, 0))
                    for one in rule.declarations
                ]
            unmatched = [
                one
                for one in rule.selectors
                if not self._elements(one) and not (is_fragment and not _HOOK.search(one.text))
            ]
            told = [(one, True) for one in rule.declarations]
            return (unmatched, told) if unmatched and told else None

        def choose_own(rule: StyleRule, inside: bool) -> KeptRule | None:
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
                self._work.spend(len(elements))
                weight = (False, *selector.specificity, rule.order)
                for element in elements:
                    _add(self._weights.setdefault(element, {}), weight)

    def _take_own(self) -> None:
        if not self._weights:
            return
        for rule in self._own.plain():
            for selector in rule.selectors:
                weight = (False, *selector.specificity, _OWN + rule.order)
                elements = self._elements(selector)
                self._work.spend(len(elements))
                for element in elements:
                    if element in self._weights:
                        _add(self._weights[element], weight)

    def _count(self) -> None:
        """Count what the attributes cost, before the first is made."""
        situations = set(self._situations.values())
        for weights in {weights for weights, _ in situations}:
            self._work.spend(self._rules.effort(weights))
        for weights, pasted in situations:
            self._work.spend(len(self._rules.declared(weights)) + len(_pasted_names(pasted)))

    def _elements(self, selector: Selector) -> list[Element]:
        """Return the elements of a selector that stand in the source; [] if it is not known."""
        base = selector.base
        found = self._matches.get(base)
        if found is None:
            found = self._matches[base] = list(self._select(base)) if base else []
            self._work.spend(len(found))
        return found

    def _select(self, base: str) -> Iterator[Element]:
        from turbohtml import SelectorSyntaxError

        if ":has(" in base:
            return  # takes time with the square of the elements
        try:
            found = self._document.select(base)
        except SelectorSyntaxError:
            return
        for element in found:
            if element not in self._places:
                self._places[element] = _place(element)
            if self._places[element]:
                yield element

    def _must_win(self, rule: StyleRule, one: Declaration, start: int) -> bool:
        """Tell whether a declaration may only count over attributes if it is important.

        Not so where everything that attributes say of its property comes after it.
        """
        wins, loses = self._outcome(rule, one, start)
        return wins or not loses

    def _beats(self, rule: StyleRule, one: Declaration, start: int) -> bool:
        return self._outcome(rule, one, start)[0]

    def _outcome(self, rule: StyleRule, one: Declaration, start: int) -> tuple[bool, bool]:
        wins = loses = False
        for _, stronger in self._rivals(rule, one, start):
            wins, loses = wins or not stronger, loses or stronger
        return wins, loses

    def _rivals(
        self, rule: StyleRule, one: Declaration, start: int
    ) -> Iterator[tuple[int | None, bool]]:
        """Yield who speaks of the same property in an attribute, and whether that is to win."""
        for selector in rule.selectors:
            weight = (one.important, *selector.specificity, start + rule.order)
            for weights, pasted in self._situations_of(selector):
                self._work.spend(1 + len(self._rules.declared(weights)))
                if not one.important and _speaks_of(pasted, one.name):
                    yield None, True
                    continue
                for rival in self._rules.winners(weights, one.name):
                    yield rival[4], rival > weight

    def _situations_of(self, selector: Selector) -> Sequence[Situation]:
        """Return the situations of a selector's elements, each once: most have many of a kind."""
        found = self._situations_of_base.get(selector.base)
        if found is None:
            elements = self._elements(selector)
            found = tuple(
                {self._situations[one]: None for one in elements if one in self._situations}
            )
            self._situations_of_base[selector.base] = found
        return found

    def _beaten(self, sheet: Sheet) -> set[int]:
        """Return the plain rules that must stand in the kept sheet too, as they win there over a
        rule that wins over others."""
        found: set[int] = set()
        for rule in sheet.conditional():
            for one in rule.declarations:
                rivals = list(self._rivals(rule, one, 0))
                if any(not stronger for _, stronger in rivals):
                    found |= {place for place, stronger in rivals if stronger and place}
        return found


def _rules_only(sheet: Sheet) -> Sheet:
    return Sheet(tuple(item for item in sheet.items if not isinstance(item, str)))


def _speaks_of(pasted: str, name: str) -> bool:
    return any(overlap(one, name) for one in _pasted_names(pasted))


@lru_cache(maxsize=5_000)  # more than a mail has tags
def _pasted_names(pasted: str) -> tuple[str, ...]:
    return tuple(one.name for one in declarations(pasted)) if pasted else ()


def _add(weights: dict[int, Weight], weight: Weight) -> None:
    """Take a rule; of its selectors the weightiest counts."""
    place = weight[4]
    if place not in weights or weights[place] < weight:
        weights[place] = weight


def _place(element: Element) -> SourceLocation | None:
    """Return where an element is; None where nothing can be written: it is implied by others."""
    place = element.source_location
    if place and "style" not in place.attrs and element.attr("style") is not None:
        return None
    return place


def _pasted(element: Element) -> str:
    return element.attr("style") or ""
