"""A document's elements with the rules of a sheet, and what becomes of both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from segmail.templates.cascade import OWN, Key, Likeness, Match, Rank, Rules
from segmail.templates.declarations import Declaration
from segmail.templates.sheets import KeptRule, Selector, Sheet, StyleRule, written

if TYPE_CHECKING:
    from turbohtml import Document, Element, SourceLocation

_HOOK = re.compile(
    r"#outlook\b|\.ExternalClass|\.ReadMsgBody|#MessageView|#MessageWebView|\[data-og|\[owa|\[x-apple"
    r"|\[office365|\.yshortcuts|\.yahoo|\.yfix|\.gmail|\.aHl|\.a6S|\.ii\b|\.im\b|\.moz-|\.x_"
    r"|#backgroundTable|\bu ?\+|div\[style"
)

# What is never shown, whatever rules say of it.
_UNSEEN = {"base", "head", "link", "meta", "script", "style", "template", "title"}

_FORMATTING = "a, b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u"


class Inlining:
    """A document whose elements get the rules of a sheet into their attributes.

    Rules that match more than `most` elements stay in the sheet.
    """

    def __init__(self, document: Document, rules: Rules, *, most: int) -> None:
        self._document = document
        self._rules = rules
        self._most = most
        self._selected: dict[str, list[Element] | None] = {}
        self._unmatched: dict[Rank, list[Selector]] = {}  # of rules that are moved
        self._matches: dict[Element, _Matches] = {}
        self._look_at(rules.sheet, 0)
        self._look_at(rules.own, OWN)
        self._likenesses = self._alike()
        self._distribution = rules.distribution(frozenset(self._likenesses.values()))

    def attributes(self) -> Iterator[tuple[SourceLocation, str]]:
        """Yield where an element's start tag is, and what its style attribute is to say."""
        for element, like in self._likenesses.items():
            text = self._rules.attribute(like, self._distribution.left[like])
            if text and element.source_location:
                yield element.source_location, text

    def kept(self, *, is_fragment: bool) -> str:
        """Return what has to be a style sheet, to stand before the document's own ones.

        Of the rules that match nothing, a fragment keeps those for what mail programs are known to
        add: it is mostly a part of a shop's mails, which share a sheet.
        """

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
            unmatched = self._unmatched.get(OWN + rule.order, [])
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

    def _look_at(self, sheet: Sheet, start: Rank) -> None:
        plain = {rule.order for rule in sheet.plain()}
        for rule in sheet.rules():
            rank = start + rule.order
            if rule.is_for_parts:
                continue
            found = [(one, self._select(one.base)) for one in rule.selectors]
            matching = [(one, elements) for one, elements in found if elements]
            if rule.order in plain and self._may_be_moved(found, start):
                self._unmatched[rank] = [one for one, elements in found if not elements]
                self._take(rank, "moved", matching)
                hooks = [(one, self._select_any(one)) for one in self._unmatched[rank]]
                self._take(rank, "hooks", hooks)
            else:
                matching += [
                    (one, self._select_any(one)) for one, elements in found if not elements
                ]
                self._take(rank, "kept", matching)

    def _may_be_moved(
        self, found: Iterable[tuple[Selector, list[Element] | None]], start: Rank
    ) -> bool:
        """Tell whether it is known which elements a rule is for, and that they are few."""
        known = [elements for _, elements in found if elements is not None]
        return len(known) == sum(1 for _ in found) and (
            start == OWN or sum(map(len, known)) <= self._most
        )

    def _take(self, rank: Rank, what: str, found: Iterable[tuple[Selector, list[Element]]]) -> None:
        """Note a rule at its elements; of selectors that surely match the weightiest counts."""
        for selector, elements in sorted(found, key=lambda one: one[0].specificity, reverse=True):
            for element in elements:
                matches = self._matches.get(element)
                if matches is None:
                    matches = self._matches[element] = _Matches([], [], [])
                known = getattr(matches, what)
                if what != "moved" or not known or known[-1].rank != rank:
                    known.append(Match(selector.specificity, rank))

    def _select(self, selector: str) -> list[Element] | None:
        """Return the elements that a selector matches; None where that cannot be said."""
        if selector not in self._selected:
            self._selected[selector] = self._found(selector)
        return self._selected[selector]

    def _found(self, selector: str) -> list[Element] | None:
        from turbohtml import SelectorSyntaxError

        if ":has(" in selector:
            return None  # takes time with the square of the elements
        try:
            found = self._document.select(selector)
        except SelectorSyntaxError:
            return None
        return [element for element in found if element.tag not in _UNSEEN]

    def _select_any(self, selector: Selector) -> list[Element]:
        """Return all elements that a selector may match in a browser or a mail program."""
        for told in (selector.subject, selector.subject.partition(":")[0] or "*", "*"):
            found = self._select(told)
            if found is not None:
                return found
        return []

    def _alike(self) -> dict[Element, Likeness]:
        reopened = {
            _looks(element)
            for element in self._document.select(_FORMATTING)
            if element.source_location is None
        }
        return {
            element: Likeness(
                tuple(matches.moved),
                tuple(matches.kept),
                tuple(matches.hooks),
                pasted=element.attr("style") or "",
                holds=_holds(element) and not (reopened and _looks(element) in reopened),
            )
            for element, matches in self._matches.items()
        }


def _holds(element: Element) -> bool:
    """Tell whether an element can get a style attribute where its start tag is.

    Not where browsers imply the tag, or take its style from another one (a second <body>).
    """
    place = element.source_location
    return place is not None and ("style" in place.attrs or element.attr("style") is None)


def _looks(element: Element) -> str:
    """Return what is the same for all elements that browsers make of one tag, closed too late."""
    return f"{element.tag} {element.attrs}"


class _Matches(NamedTuple):
    """The rules for one element, by what becomes of them."""

    moved: list[Match]
    kept: list[Match]
    hooks: list[Match]
