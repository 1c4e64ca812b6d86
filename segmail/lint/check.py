"""Checks one letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segmail.lint.coupon import coupon_remarks
from segmail.lint.directives import directive_remarks
from segmail.lint.links import link_remarks, unsubscribe_remarks
from segmail.lint.paths import path_remarks
from segmail.lint.reading import Letter, Passage, read_letter
from segmail.lint.remarks import Remark
from segmail.lint.shop_facts import Facts
from segmail.lint.syntax import syntax_remarks


def lint(
    letter: Letter, facts: Facts | None = None, *, couponless: Sequence[str] = ()
) -> list[Remark]:
    """Return what is wrong or odd with a letter and what it includes, each once, by place.

    Without `facts` of a shop only that is checked which needs none. `couponless` names the steps
    that send the letter without a coupon.
    """
    reading = read_letter(letter, facts)
    found = [
        *reading.remarks,
        *(remark for one in reading.passages for remark in _of(one, facts, couponless)),
        *unsubscribe_remarks(letter, reading, facts),
    ]
    order: dict[tuple[str, str], int] = {}
    for index, one in enumerate(reading.passages):
        order.setdefault((one.name, one.part), index)
    return sorted(
        dict.fromkeys(found),
        key=lambda it: (order.get((it.name, it.part), 0), it.line, it.column),
    )


def _of(passage: Passage, facts: Facts | None, couponless: Sequence[str]) -> Iterator[Remark]:
    yield from syntax_remarks(passage)
    yield from path_remarks(passage, facts)
    yield from directive_remarks(passage, facts)
    yield from coupon_remarks(passage, couponless)
    yield from link_remarks(passage)
