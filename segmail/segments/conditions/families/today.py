"""Conditions on today's date, the same for every customer of a website: seasons and weekdays.

They are segmail's own. Today is the day in the website's time zone. `month` is 1 to 12, `day` the
day of the month, `weekday` 1 (Monday) to 7. `date` is a season of every year, first and last day
included: `11-20:12-24`, across New Year `12-20:01-06`, or a single day: `12-24`. In years without
29 February the 28th stands for it, as for birthdays.

Touched by no table; they change at midnight of the website, with the clock alone.
"""

from __future__ import annotations

import calendar
import operator as python
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import ColumnElement, false, true

from segmail.errors import ConditionError
from segmail.segments.conditions.number_pair import split_pair
from segmail.segments.conditions.predicate import normal_operator, numbers_of
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source
from segmail.segments.conditions.tree import Leaf

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">=": python.ge,
    "<=": python.le,
    ">": python.gt,
    "<": python.lt,
}
_LAST = {"month": 12, "day": 31, "weekday": 7}
_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_LEAP_YEAR = 2000  # a leap year, which has every day


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return everybody or nobody, by today's date in the scope's time zone.

    Raises ConditionError if the attribute is unknown, or names a day that no year has.
    """
    match leaf.attribute:
        case "month":
            holds = _number(leaf, scope.today.month)
        case "day":
            holds = _number(leaf, scope.today.day)
        case "weekday":
            holds = _number(leaf, scope.today.isoweekday())
        case "date":
            holds = _season(leaf, scope.today)
        case _:
            raise ConditionError(f"The attribute of {leaf} is unknown.")
    return true() if holds else false()


def touched_by(_leaf: Leaf, _scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads: none; it changes with the day."""
    return ()


def _number(leaf: Leaf, today: int) -> bool:
    last, values = _LAST[leaf.attribute], numbers_of(leaf)
    for value in values:
        if not (value.is_integer() and 1 <= value <= last):
            raise ConditionError(
                f"The value '{value:g}' of {leaf} is no {leaf.attribute}: 1 to {last}."
            )
    operator = normal_operator(leaf)
    if operator in _ORDER:
        return _ORDER[operator](today, values[0])
    return (today in values) is not operator.startswith("!")


def _season(leaf: Leaf, today: date) -> bool:
    operator = normal_operator(leaf)
    if operator not in ("==", "!="):
        raise ConditionError(f"{leaf} works with 'between' and 'not between' only.")
    value = leaf.value if isinstance(leaf.value, str) else ""
    pair = leaf if ":" in value else replace(leaf, value=f"{value}:{value}")
    days = split_pair(pair, "the first and the last day of a season, as in 11-20:12-24")
    first, last = (_day(leaf, day, today.year) for day in days)
    now = (today.month, today.day)
    inside = first <= now <= last if first <= last else now >= first or now <= last
    return inside is (operator == "==")


def _day(leaf: Leaf, text: str, year: int) -> tuple[int, int]:
    """Return month and day of a text such as 12-24."""
    found = _DAY.fullmatch(text)
    month, day = (int(found[1]), int(found[2])) if found else (0, 0)
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        raise ConditionError(
            f"'{text}' in {leaf} is no day of a year; write month and day as 12-24."
        ) from None
    if (month, day) == (2, 29) and not calendar.isleap(year):
        return 2, 28
    return month, day
