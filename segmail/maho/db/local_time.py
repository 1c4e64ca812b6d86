"""Local time in SQL, of columns with UTC times; the server needs no tables of time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, literal, text

from segmail.maho.db.column_types import UtcDateTime


def local_time(
    dialect: str,
    column: ColumnElement[Any],
    zone: tzinfo,
    *,
    between: tuple[datetime, datetime],
) -> ColumnElement[Any]:
    """Return a column's UTC time as a time of the zone's clocks.

    `between` are the times, aware UTC, that the column has: the fewer changes of the clocks lie
    there, the quicker it is. Earlier and later times get the offset of the nearer of the two.
    """
    first, *changes = _offsets(str(zone), *between)
    later = [
        (column >= literal(since, UtcDateTime()), _moved(dialect, column, minutes))
        for since, minutes in reversed(changes)
    ]
    earliest = _moved(dialect, column, first[1])
    return case(*later, else_=earliest) if later else earliest


def _moved(dialect: str, column: ColumnElement[Any], minutes: int) -> ColumnElement[Any]:
    if not minutes:
        return column
    if dialect == "sqlite":
        return func.datetime(column, f"{minutes:+d} minutes")
    return func.timestampadd(text("MINUTE"), minutes, column)


@cache
def _offsets(zone: str, moment: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return the zone's offsets: from which UTC time on, and how many minutes."""
    clock = UTC if zone == "UTC" else ZoneInfo(zone)

    def ahead(moment: datetime) -> int:
        return round((moment.astimezone(clock).utcoffset() or timedelta()).total_seconds() / 60)

    found = [(moment, ahead(moment))]
    while moment < end:
        following = moment + timedelta(days=7)
        if ahead(following) != ahead(moment):
            low, high = moment, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if ahead(middle) == ahead(moment) else (low, middle)
            found.append((high.replace(second=0, microsecond=0), ahead(following)))
        moment = following
    return found
