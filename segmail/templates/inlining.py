"""Matches a document's elements with the rules of a sheet, and divides the rules between both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from segmail.templates.cascade import OWN, Key, Likeness, Match, Placed, Rank, Rules
from segmail.templates.declarations import Declaration
from segmail.templates.sheets import KeptRule, Selector, Sheet, StyleRule, written
from segmail.templates.style_work import StyleWork

if TYPE_CHECKING:
    from turbohtml import Document, Element, SourceLocation

_HOOK = re.compile(
    r"#outlook\b|\.ExternalClass|\.ReadMsgBody|#MessageView|#MessageWebView|\[data-og|\[owa|\[x-apple"
    r"|\[office365|\.yshortcuts|\.yahoo|\.yfix|\.gmail|\.aHl|\.a6S|\.ii\b|\.im\b|\.moz-|\.x_"
    r"|#backgroundTable|\bu ?\+|div\[style"
)

# Elements that are never shown, whatever rules say about them.
_UNSEEN = {"base", "head", "link", "meta", "script", "style", "template", "title"}

# The rules for one element, by what becomes of them.
_Matches: TypeAlias = tuple[list[Match], list[Match], list[Match]]
_MOVED, _KEPT, _HOOKS = range(3)

_FORMATTING = "a, b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u"


class Inlining:
    """A document whose elements get the rules of a sheet into their attributes.

    Rules that match more than `most` elements stay in the sheet. Every method raises TooMuchWork in
    time.
    """

    def __init__(self, document: Document, rules: Rules, *, most: int) -> None:
        self._work = StyleWork()
        self._document = document
        self._rules = rules
        self._most = most
        self._selected: dict[str, list[Element] | None] = {}
        self._unmatched: dict[Rank, tuple[Selector, ...]] = {}  # of rules that are moved
        self._matches: dict[Element, _Matches] = {}
        for one in rules.placed:
            self._look_at(one)
        self._places: list[tuple[SourceLocation, Likeness]] = []
        likenesses = frozenset(self._alike())
        for like in likenesses:  # counting it all first would take too long
            self._work.spend(rules.effort(like))
        self._distribution = rules.distribution(likenesses)

    def attributes(self) -> Iterator[tuple[SourceLocation, str]]:
        """Yield where an element's start tag is, and the value for its style attribute."""
        for place, like in self._places:
            text = self._rules.attribute(like, self._distribution.left[like])
            if text:
                self._work.write(text)
                yield place, text

    def kept(self, *, is_fragment: bool) -> str:
        """Return what must be a style sheet, to be placed before the document's own ones.

        Of the rules that match nothing, a fragment keeps those for what mail programs are known to
        add: it is usually a part of a shop's mails, which share a sheet.
        """
        key = is_fragment, tuple(self._unmatched.items())
        if key not in self._distribution.kept:
            self._distribution.kept[key] = self._kept(is_fragment=is_fragment)
        return self._distribution.kept[key]

    def _kept(self, *, is_fragment: bool) -> str:
        def choose(rule: StyleRule) -> Iterator[KeptRule]:
            unmatched = self._unmatched.get(rule.order)
            if unmatched is None:  # the whole rule stays
                yield rule.selectors, list(self._told(rule, 0, self._distribution.raised))
                return
            stays = self._distribution.stays | self._distribution.raised
            yield (
                [one for one in rule.selectors if one not in unmatched],
                list(self._told(rule, 0, self._distribution.raised, only=stays)),
            )
            yield (
                [one for one in unmatched if not is_fragment or _HOOK.search(one.text)],
                list(self._told(rule, 0, self._distribution.raised_hooks)),
            )

        def choose_own(rule: StyleRule) -> Iterator[KeptRule]:
            unmatched = self._unmatched.get(OWN + rule.order, ())
            matched = [one for one in rule.selectors if one not in unmatched]
            for selectors, raised in (
                (matched, self._distribution.raised),
                (unmatched, self._distribution.raised_hooks),
            ):
                yield selectors, list(self._told(rule, OWN, raised, only=raised))

        own = Sheet(tuple(item for item in self._rules.own.items if not isinstance(item, str)))
        texts = (written(self._rules.sheet, choose), written(own, choose_own))
        return "\n".join(filter(None, texts))

    def _told(
        self, rule: StyleRule, start: Rank, raised: set[Key], only: set[Key] | None = None
    ) -> Iterator[tuple[Declaration, bool]]:
        for number, one in enumerate(rule.declarations):
            key = (start + rule.order, number)
            if only is None or key in only:
                yield one, one.important or key in raised

    def _look_at(self, placed: Placed) -> None:
        found = [(one, match, self._select(one.base)) for one, match in placed.matches]
        if placed.is_plain and self._may_be_moved(placed.rank, [some for _, _, some in found]):
            self._unmatched[placed.rank] = tuple(one for one, _, some in found if not some)
            for one, match, some in found:
                if some:
                    self._take(match, _MOVED, some)
                else:
                    self._take(match, _HOOKS, self._select_any(one))
        else:
            for one, match, some in found:
                self._take(match, _KEPT, some or self._select_any(one))

    def _may_be_moved(self, rank: Rank, found: list[list[Element] | None]) -> bool:
        """Return whether it is known which elements a rule matches, and that they are few."""
        many = 0
        for some in found:
            if some is None:
                return False
            many += len(some)
        return rank >= OWN or many <= self._most

    def _take(self, match: Match, what: int, elements: list[Element]) -> None:
        """Record a rule for its elements; of selectors that surely match, the heaviest counts."""
        self._work.spend(len(elements))
        for element in elements:
            matches = self._matches.get(element)
            if matches is None:
                matches = self._matches[element] = ([], [], [])
            known = matches[what]
            if what != _MOVED or not known or known[-1].rank != match.rank:
                known.append(match)

    def _select(self, selector: str) -> list[Element] | None:
        """Return the elements that a selector matches; None if that is unknown."""
        if selector not in self._selected:
            self._selected[selector] = self._found(selector)
        return self._selected[selector]

    def _found(self, selector: str) -> list[Element] | None:
        from turbohtml import SelectorSyntaxError

        if ":has(" in selector:
            return None  # takes time quadratic in the number of elements
        try:
            found = self._document.select(selector)
        except SelectorSyntaxError:
            return None
        self._work.spend(len(found))
        return [element for element in found if element.tag not in _UNSEEN]

    def _select_any(self, selector: Selector) -> list[Element]:
        """Return all elements that a selector may match in a browser or a mail program."""
        for told in (selector.subject, selector.subject.partition(":")[0] or "*", "*"):
            found = self._select(told)
            if found is not None:
                return found
        return []

    def _alike(self) -> Iterator[Likeness]:
        """Yield what is known about each element, and record where it can have an attribute."""
        reopened = {
            _looks(element)
            for element in self._document.select(_FORMATTING)
            if element.source_location is None
        }
        for element, matches in self._matches.items():
            place, pasted = element.source_location, element.attr("style")
            holds = (
                place is not None
                # Not if browsers take it from another tag, such as a second <body>.
                and (pasted is None or "style" in place.attrs)
                and not (reopened and _looks(element) in reopened)
            )
            like = Likeness(
                tuple(matches[_MOVED]),
                tuple(matches[_KEPT]),
                tuple(matches[_HOOKS]),
                pasted or "",
                holds,
            )
            if place is not None and holds:
                self._places.append((place, like))
            yield like


def _looks(element: Element) -> str:
    """Return what is the same for all elements that browsers make of one tag closed too late."""
    return f"{element.tag} {element.attrs}"
