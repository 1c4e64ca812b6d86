"""Days in SQL, for each dialect: columns are UTC times, days are those of a time zone.

A day is a calendar day, as in Maho: yesterday 23:59 is one day before today 00:01. The bounds of
days are computed here and bound, so that the server needs no time zone tables and can use an index
on the column. NULL and MySQL's zero date are no time and match no comparison.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Integer, case, cast, func, literal

from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.db.local_time import local_time
from segmail.segments.conditions.scope import Scope

_Time: TypeAlias = ColumnElement[Any]


def midnight(day: date, zone: tzinfo) -> _Time:
    """Return the start of a day in a time zone as a bound value.

    If the clocks skip midnight, the day begins at that moment; if midnight occurs twice, at the
    first.
    """
    start = datetime.combine(day, time(), zone)
    return literal(start.astimezone(UTC) if zone is not UTC else start, UtcDateTime())


def is_time(scope: Scope, column: _Time) -> ColumnElement[bool]:
    """Return the condition that a column holds a time: not NULL, not a zero date."""
    day = func.julianday(column) if scope.dialect == "sqlite" else func.to_days(column)
    return day.is_not(None)


def day_difference(scope: Scope, later: _Time, earlier: _Time) -> ColumnElement[int]:
    """Return the calendar days from `earlier` to `later`; negative if `later` comes first."""
    if scope.dialect == "sqlite":
        return cast(func.julianday(func.date(later)) - func.julianday(func.date(earlier)), Integer)
    return func.datediff(later, earlier, type_=Integer())


def local_day_difference(scope: Scope, later: _Time, earlier: _Time) -> ColumnElement[int]:
    """Return the calendar days, in the scope's time zone, between two columns with UTC times."""
    years = datetime(1990, 1, 1, tzinfo=UTC), datetime(scope.now.year + 1, 12, 31, tzinfo=UTC)
    first, second = (
        local_time(scope.dialect, column, scope.zone, between=years) for column in (later, earlier)
    )
    return day_difference(scope, first, second)


def days_until_birthday(scope: Scope, born: _Time) -> ColumnElement[int]:
    """Return the days until the next birthday; 0 on the day itself, never negative.

    Customers born on 29 February celebrate on the 28th in other years. Maho counts by the day of
    the year, which is off by one from March on if one of the two years is a leap year.
    """
    today = scope.today
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
