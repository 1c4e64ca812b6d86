"""Checks one letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from segmail.lint.coupon import coupon_findings
from segmail.lint.directives import directive_findings
from segmail.lint.findings import LintFinding, TemplatePlace
from segmail.lint.foreign import foreign_findings
from segmail.lint.links import link_findings, unsubscribe_findings
from segmail.lint.markup import markup_findings
from segmail.lint.message import message_findings
from segmail.lint.paths import path_findings
from segmail.lint.quotes import quote_findings
from segmail.lint.reading import Letter, Passage, read_letter
from segmail.lint.shop_facts import Facts
from segmail.lint.style_sheets import style_findings
from segmail.lint.syntax import syntax_findings


def lint(
    letter: Letter, facts: Facts | None = None, *, couponless: Sequence[str] = ()
) -> list[LintFinding]:
    """Return what is wrong or odd with a letter and what it includes, each once, by place.

    Without a shop's `facts`, only checks that need none are made. `couponless` are the names of the
    steps that send the letter without a coupon.
    """
    reading = read_letter(letter, facts)
    found = [
        *reading.findings,
        *(finding for one in reading.passages for finding in _of(one, facts, couponless)),
        *(finding for one in reading.passages for finding in style_findings(letter, one)),
        *message_findings(letter, reading),
        *unsubscribe_findings(letter, reading, facts),
    ]
    order: dict[tuple[str, str], int] = {}
    for index, one in enumerate(reading.passages):
        order.setdefault((one.name, one.part), index)
    return sorted(
        dict.fromkeys(found),
        key=lambda one: _position(one.where, order),
    )


def _position(place: TemplatePlace, order: Mapping[tuple[str, str], int]) -> tuple[int, int, int]:
    return order.get((place.name, place.part), 0), place.line, place.column


def _of(passage: Passage, facts: Facts | None, couponless: Sequence[str]) -> Iterator[LintFinding]:
    yield from syntax_findings(passage)
    yield from path_findings(passage, facts)
    yield from directive_findings(passage, facts)
    yield from coupon_findings(passage, couponless)
    yield from link_findings(passage)
    yield from quote_findings(passage)
    yield from foreign_findings(passage)
    yield from markup_findings(passage)
