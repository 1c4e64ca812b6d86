"""Days and differences of times in SQL, for each dialect; every one is of UTC times.

A day is a calendar day, as in Maho: yesterday 23:59 is one day before today 00:01. A difference
with NULL, or with MySQL's zero date, is NULL, which no comparison matches.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Integer, case, cast, func, literal

from segmail.maho.db.column_types import UtcDateTime
from segmail.segments.conditions.scope import Scope

_Time: TypeAlias = ColumnElement[Any]


def now(scope: Scope) -> _Time:
    """Return the scope's moment as a bound value."""
    return literal(scope.now, UtcDateTime())


def midnight(day: date) -> _Time:
    """Return the start of a day as a bound value."""
    return literal(datetime.combine(day, time(), UTC), UtcDateTime())


def day_difference(scope: Scope, later: _Time, earlier: _Time) -> ColumnElement[int]:
    """Return the calendar days from `earlier` to `later`; negative where it is the other way."""
    if scope.dialect == "sqlite":
        return cast(func.julianday(func.date(later)) - func.julianday(func.date(earlier)), Integer)
    return func.datediff(later, earlier, type_=Integer())


def days_since(scope: Scope, column: _Time) -> ColumnElement[int]:
    """Return the calendar days from a time until the scope's moment."""
    return day_difference(scope, now(scope), column)


def days_until_birthday(scope: Scope, born: _Time) -> ColumnElement[int]:
    """Return the days until the next birthday, 0 on the day itself, never negative.

    Who was born on 29 February celebrates on the 28th in other years. Maho counts by the day of
    the year, which is wrong from March on where one of the two years is a leap year.
    """
    today = scope.now.date()
    this_year = _birthday(scope, born, today.year)
    start = literal(today.isoformat())
    return case(
        (this_year >= start, day_difference(scope, this_year, start)),
        else_=day_difference(scope, _birthday(scope, born, today.year + 1), start),
    )


def _birthday(scope: Scope, born: _Time, year: int) -> ColumnElement[str]:
    month_day = _month_day(scope, born)
    if not calendar.isleap(year):
        month_day = case((month_day == "02-29", "02-28"), else_=month_day)
    return literal(f"{year:04}-").concat(month_day)


def _month_day(scope: Scope, born: _Time) -> ColumnElement[str]:
    if scope.dialect == "sqlite":
        return func.strftime("%m-%d", born)
    return func.date_format(born, "%m-%d")
