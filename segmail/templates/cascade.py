"""Decides which declarations go into style attributes, and what makes the others win as before.

A style attribute beats every declaration of a sheet that is not important. So if some are moved
into attributes, those that stay (for small screens, for links under the mouse) are made important
if they won over what was moved. This must not make them win over anything else: neither over what
was pasted into an attribute nor over what is important already. If that is impossible, what they
won over is not moved but stays in the sheet.

The document's own <style> counts, too: it comes after the sheet and stays as it is. If it sets a
property that is moved into an attribute, its declaration is moved with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from segmail.templates.declarations import Declaration, declarations, is_sure, style_attribute
from segmail.templates.properties import family, overlap
from segmail.templates.sheets import Selector, Sheet, Specificity, StyleRule, read_sheet

# A rule's rank among those of both sheets; the document's own ones come after all of the sheet.
Rank: TypeAlias = int
OWN: Rank = 1_000_000

# A declaration: its rule's rank, and its number within the rule.
Key: TypeAlias = tuple[Rank, int]

_MOST_KNOWN = 5_000  # attributes for one sheet
_MOST_DECIDED = 64  # documents for one sheet


class Match(NamedTuple):
    """A rule that matches an element, with the weight of its selector there."""

    specificity: Specificity
    rank: Rank


class Likeness(NamedTuple):
    """What elements to which the same rules apply have in common.

    `moved` are rules that attributes can replace, `kept` those that stay in a sheet, `hooks` those
    that may match through what a mail program adds. A kept rule is listed with each weight that it
    may have, since which of its selectors match may change. `pasted` is the style attribute;
    `holds` tells whether the element can have one: its start tag is in the source.
    """

    moved: tuple[Match, ...]
    kept: tuple[Match, ...]
    hooks: tuple[Match, ...]
    pasted: str
    holds: bool


class Ruling(NamedTuple):
    """A declaration with its weight for an element: the greater one wins."""

    important: bool
    specificity: Specificity
    rank: Rank
    number: int

    @property
    def key(self) -> Key:
        """Identifies the declaration, wherever it counts."""
        return self.rank, self.number


@dataclass
class Distribution:
    """What becomes of the declarations in one document.

    `left` are families of properties that an element's attribute does not set. `stays` are
    declarations of rules for attributes that stay in the sheet, too; `raised` those that are made
    important there; `raised_hooks` the same where only a mail program makes them match.
    """

    left: dict[Likeness, frozenset[str]] = field(default_factory=dict)
    stays: set[Key] = field(default_factory=set)
    raised: set[Key] = field(default_factory=set)
    raised_hooks: set[Key] = field(default_factory=set)
    # The result: the text of the sheet, by which selectors match nothing.
    kept: dict[object, str] = field(default_factory=dict)


class Placed(NamedTuple):
    """A rule with its rank, and its selectors with their matches, the heaviest first.

    `is_plain`: an attribute can replace it.
    """

    rank: Rank
    rule: StyleRule
    matches: tuple[tuple[Selector, Match], ...]
    is_plain: bool


def _placed(sheet: Sheet, start: Rank) -> Iterator[Placed]:
    plain = {rule.order for rule in sheet.plain()}
    for rule in sheet.rules():
        if not rule.is_for_parts:
            rank = start + rule.order
            weighed = sorted(rule.selectors, key=lambda one: one.specificity, reverse=True)
            matches = tuple((one, Match(one.specificity, rank)) for one in weighed)
            yield Placed(rank, rule, matches, rule.order in plain)


class Rules:
    """The rules of a sheet and of the document's own one, and what follows from them."""

    def __init__(self, sheet: Sheet, own: Sheet) -> None:
        self.sheet = sheet
        self.own = own
        self._by_rank: dict[Rank, StyleRule] = {rule.order: rule for rule in sheet.rules()}
        self._by_rank |= {OWN + rule.order: rule for rule in own.rules()}
        self.placed = [*_placed(sheet, 0), *_placed(own, OWN)]
        self._attributes: dict[tuple[Likeness, frozenset[str]], str] = {}
        self._distributions: dict[frozenset[Likeness], Distribution] = {}
        self._efforts: dict[Likeness, int] = {}

    def distribution(self, likenesses: frozenset[Likeness]) -> Distribution:
        """Return what becomes of the declarations in a document with such elements."""
        if likenesses not in self._distributions:
            if len(self._distributions) >= _MOST_DECIDED:
                self._distributions.clear()
            self._distributions[likenesses] = _Decision(self, likenesses).distribution()
        return self._distributions[likenesses]

    def effort(self, like: Likeness) -> int:
        """Return how many steps it takes to compare the declarations of such elements."""
        if like not in self._efforts:
            if len(self._efforts) >= _MOST_KNOWN:
                self._efforts.clear()
            matches = (*like.moved, *like.kept, *like.hooks)
            said = [self._by_rank[match.rank].declarations for match in matches]
            names = {one.name for told in said for one in told}
            families = Counter(map(family, names))
            self._efforts[like] = sum(map(len, said)) + sum(n**2 for n in families.values())
        return self._efforts[like]

    def attribute(self, like: Likeness, left: frozenset[str]) -> str:
        """Return the style attribute of such elements; '' if nothing is moved into it."""
        key = (like, left)
        if key not in self._attributes:
            if len(self._attributes) >= _MOST_KNOWN:
                self._attributes.clear()
            self._attributes[key] = self._attribute(like, left)
        return self._attributes[key]

    def said(self, matches: Iterable[Match]) -> list[Ruling]:
        """Return the declarations of rules, the winning ones last."""
        return sorted(
            Ruling(one.important, match.specificity, match.rank, number)
            for match in matches
            for number, one in enumerate(self._by_rank[match.rank].declarations)
        )

    def moved(self, like: Likeness, left: frozenset[str] = frozenset()) -> list[Ruling]:
        """Return what is moved into the attribute: the sheet's declarations, and the document's own
        related ones.
        """
        if not like.holds:
            return []
        found = [one for one in self.said(like.moved) if family(self.name(one)) not in left]
        names = {self.name(one) for one in found if one.rank < OWN}
        related = _related({self.name(one) for one in found})
        waiting = list(names)
        while waiting:
            more = set(related[waiting.pop()]) - names
            names |= more
            waiting += more
        return [one for one in found if self.name(one) in names]

    def declaration(self, ruling: Ruling) -> Declaration:
        """Return a declaration's text."""
        return self.by_key(ruling.key)

    def by_key(self, key: Key) -> Declaration:
        """Return a declaration's text."""
        rank, number = key
        return self._by_rank[rank].declarations[number]

    def name(self, ruling: Ruling) -> str:
        """Return the property that a declaration sets."""
        return self.declaration(ruling).name

    def _attribute(self, like: Likeness, left: frozenset[str]) -> str:
        found = self.moved(like, left)
        if not found:
            return ""
        return style_attribute(
            [self.declaration(one) for one in found if not one.important],
            like.pasted,
            [self.declaration(one) for one in found if one.important],
        )


@lru_cache(maxsize=64)
def rules_of(css: str, own: str) -> Rules:
    """Return the rules of two style sheets, read once for many mails."""
    return Rules(read_sheet(css), read_sheet(own))


def _related(names: Collection[str]) -> dict[str, list[str]]:
    """Return, for each property, those that set something in common with it, including itself."""
    by_family: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_family[family(name)].append(name)
    whole = by_family.pop("all", [])
    found = {
        name: [*(other for other in alike if overlap(name, other)), *whole]
        for alike in by_family.values()
        for name in alike
    }
    return found | {name: list(names) for name in whole}


class _Property:
    """The declarations for one property of elements that are alike."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.related: list[_Property] = []  # what sets something in common with it
        self.normal: list[Ruling] = []
        self.important: list[Ruling] = []
        self.kept: list[Ruling] = []  # those of both that are never moved
        self.lightest_moved: Ruling | None = None
        self.sure_moved: Ruling | None = None  # the heaviest that every browser understands
        self.is_settled = False  # by a pasted declaration that every browser understands
        self.is_pasted = False  # by one that is not important
        self.refused_before = 0  # those of `normal` that may not be made important
        self.raised_from: int | None = None  # those of `normal` that are made important
        self.important_from: int | None = None  # those of `important` that stay in the sheet

    def wins(self, one: Ruling) -> bool:
        """Return whether a declaration wins over one that is moved and visible there."""
        return (
            self.lightest_moved is not None
            and self.lightest_moved < one
            and not (self.sure_moved is not None and self.sure_moved > one)
            and not self.is_settled
        )

    def loses_to(self, one: Ruling) -> bool:
        """Return whether something already important would lose to one that is made so."""
        return any(
            # Of the document's own rules, these are written a second time, before the original.
            other.specificity < one.specificity
            if min(other.rank, one.rank) >= OWN
            else other[1:] < one[1:]
            for other in self._least_important()
        )

    def _least_important(self) -> Iterator[Ruling]:
        for is_own in (False, True):
            for one in self.important:
                if (one.rank >= OWN) is is_own:
                    yield one
                    break


class _Elements:
    """Elements that are alike, and the declarations for their properties."""

    def __init__(self, rules: Rules, like: Likeness) -> None:
        self.like = like
        self._properties: dict[str, _Property] = {}
        self.hooks = [(self._property(rules.name(one)), one) for one in rules.said(like.hooks)]
        self.rulings = [
            (self._property(rules.name(one)), one)
            for one in sorted((*rules.said(like.moved), *rules.said(like.kept)))
        ]
        kept = {match.rank for match in like.kept}
        for one_property, one in self.rulings:
            (one_property.important if one.important else one_property.normal).append(one)
            if one.rank in kept:
                one_property.kept.append(one)
        for one in rules.moved(like):
            moved = self._property(rules.name(one))
            if moved.lightest_moved is None and not one.important:
                moved.lightest_moved = one
            if is_sure(rules.declaration(one)):
                moved.sure_moved = one
        self._relate(like.pasted)

    def wants(self) -> Iterator[tuple[Key, str]]:
        """Yield what must be important to win over an attribute, and the family of its property."""
        for one_property in self._properties.values():
            for one in one_property.kept:
                if not (one.important or one_property.is_settled):
                    for other in one_property.related:
                        if other.wins(one):
                            yield one.key, family(other.name)

    def wanting_hooks(self) -> Iterator[Key]:
        """Yield the same for hooks, which must also win over what else has become important."""
        for one_property, one in self.hooks:
            if not one.important and any(
                other.wins(one)
                or (other.raised_from is not None and other.normal[other.raised_from] < one)
                for other in one_property.related
            ):
                yield one.key

    def stays(self, left: frozenset[str]) -> Iterator[Key]:
        """Yield which of the sheet's declarations for attributes must stay in the sheet."""
        kept = {match.rank for match in self.like.kept}
        for one_property, one in self.rulings:
            if one.rank >= OWN or one.rank in kept:
                continue
            if (
                not self.like.holds
                or family(one_property.name) in left
                or (one.important and any(other.kept for other in one_property.related))
            ):
                yield one.key

    def _property(self, name: str) -> _Property:
        if name not in self._properties:
            self._properties[name] = _Property(name)
        return self._properties[name]

    def _relate(self, pasted: str) -> None:
        own = list(declarations(pasted)) if pasted else []
        related = _related(self._properties)
        for name, one in self._properties.items():
            one.related = [self._properties[other] for other in related[name]]
            one.is_settled = any(told.name == name and is_sure(told) for told in own)
            one.is_pasted = any(not told.important and overlap(told.name, name) for told in own)


class _Decision:
    def __init__(self, rules: Rules, likenesses: Iterable[Likeness]) -> None:
        self._rules = rules
        self._all = [_Elements(rules, like) for like in likenesses]
        self._where: dict[Key, list[tuple[_Property, Ruling]]] = defaultdict(list)
        self._hooks: dict[Key, list[tuple[_Property, Ruling]]] = defaultdict(list)
        for elements in self._all:
            for one_property, one in elements.rulings:
                self._where[one.key].append((one_property, one))
            for one_property, one in elements.hooks:
                self._hooks[one.key].append((one_property, one))

    def distribution(self) -> Distribution:
        found = Distribution()
        refused = self._refused()
        wanted: set[Key] = set()
        for elements in self._all:
            wants = list(elements.wants())
            left = frozenset(name for key, name in wants if key in refused)
            found.left[elements.like] = left
            wanted |= {key for key, name in wants if name not in left}
            found.stays |= set(elements.stays(left))
        found.raised = self._with_heavier(wanted)
        found.stays |= self._with_heavier_important(found)
        found.raised_hooks = {
            key
            for elements in self._all
            for key in elements.wanting_hooks()
            if all(self._is_harmless_hook(*where) for where in self._hooks[key])
        }
        return found

    def _refused(self) -> set[Key]:
        """Return the declarations that may not be made important.

        Each would win over more than before, or something heavier would, which must stay above it.
        """
        waiting = [
            key
            for key, where in self._where.items()
            if any(
                one_property.is_pasted or any(other.loses_to(one) for other in one_property.related)
                for one_property, one in where
                if not one.important
            )
        ]
        found = set(waiting)
        while waiting:
            for one_property, one in self._where[waiting.pop()]:
                for other in one_property.related:
                    end = bisect_left(other.normal, one)
                    lighter = other.normal[other.refused_before : end]
                    other.refused_before = max(end, other.refused_before)
                    waiting += {one.key for one in lighter} - found
                    found |= {one.key for one in lighter}
        return found

    def _with_heavier(self, keys: Iterable[Key]) -> set[Key]:
        """Return declarations, and those that must also be important to win over them as before."""
        waiting = list(keys)
        found = set(waiting)
        while waiting:
            for one_property, one in self._where[waiting.pop()]:
                for other in one_property.related:
                    start = bisect_left(other.normal, one)
                    end = len(other.normal) if other.raised_from is None else other.raised_from
                    if start < end:
                        other.raised_from = start
                        heavier = {one.key for one in other.normal[start:end]} - found
                        waiting += heavier
                        found |= heavier
        return found

    def _with_heavier_important(self, distribution: Distribution) -> set[Key]:
        """Return the important declarations that must stay in the sheet.

        They must stay beside what is raised, and above each other.
        """
        found: set[Key] = set()
        waiting = [key for key in distribution.stays if self._rules.by_key(key).important]
        for key in distribution.raised:
            for one_property, _ in self._where[key]:
                waiting += (
                    one.key for other in one_property.related for one in other.important[:1]
                )
        while waiting:
            for one_property, one in self._where[waiting.pop()]:
                for other in one_property.related:
                    start = bisect_left(other.important, one)
                    end = (
                        len(other.important)
                        if other.important_from is None
                        else other.important_from
                    )
                    if start < end:
                        other.important_from = start
                        heavier = {one.key for one in other.important[start:end]} - found
                        waiting += heavier
                        found |= heavier
        return {key for key in found if key[0] < OWN}

    def _is_harmless_hook(self, one_property: _Property, one: Ruling) -> bool:
        return not one_property.is_pasted and not any(
            other.loses_to(one) or (other.normal and other.normal[-1] > one)
            for other in one_property.related
        )
