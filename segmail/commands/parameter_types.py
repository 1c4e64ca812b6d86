"""The types of options beyond numbers and text.

dateutil is imported only for times that it must read: the import takes longer than the rest of
`--help`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

_SPAN = re.compile(
    r"(-?)([0-9]{1,9})\s+(minute|hour|day|week|month|year)s?(\s+ago)?", re.ASCII | re.IGNORECASE
)

_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}")

_FIRST_YEAR, _LAST_YEAR = 1971, 2037  # of a TIMESTAMP, with room for calculations


def absolute_time(value: str) -> datetime:
    """Return the time that an option names: a date, or a date and a time, in ISO 8601.

    A month or a year means its start: `2026-03`. Without an offset it is UTC; the result is aware
    UTC.
    """
    try:
        time = _iso_time(value)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{value!r} is not a time such as '2026-03-10 12:00'.") from error
    return _within_columns(time, value)


def any_time(ctx: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    """Return the time that an option names, absolute or as a span from this run's clock."""
    return None if value is None else time_from(value, now=ctx.obj.now())


def time_from(value: str, *, now: datetime) -> datetime:
    """Return the time that `value` means: an absolute one, or a span from `now`.

    A span is `[-]N UNIT [ago]` by the UTC calendar: `-1 month`, `7 days ago`, `2 hours`, which is
    in two hours. A month before the 31st is the last day of that month if it is shorter.
    Raises click.BadParameter.
    """
    span = _SPAN.fullmatch(value.strip())
    try:
        if span is None:
            return _within_columns(_iso_time(value), value)
        minus, count, unit, ago = span.groups()
        if not (minus and ago):
            moved = _moved(now, -int(count) if minus or ago else int(count), unit.lower())
            return _within_columns(moved, value)
    except (ValueError, OverflowError):
        pass  # reported below
    raise click.BadParameter(
        f"{value!r} is not a time; it looks like 2026-03-10, '2026-03-10 12:00', 2026-03, "
        "'-1 month' or '7 days ago'."
    )


def _within_columns(time: datetime, given: str) -> datetime:
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise click.BadParameter(
            f"{given!r} is not within the years {_FIRST_YEAR} to {_LAST_YEAR}, which the shop's "
            "columns can hold."
        )
    return time


def _iso_time(value: str) -> datetime:
    if _PLAIN.fullmatch(value):
        given = datetime.fromisoformat(value)
    else:
        from dateutil.parser import isoparse

        given = isoparse(value)
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def _moved(now: datetime, count: int, unit: str) -> datetime:
    from dateutil.relativedelta import relativedelta

    spans = {
        "minute": relativedelta(minutes=count),
        "hour": relativedelta(hours=count),
        "day": relativedelta(days=count),
        "week": relativedelta(weeks=count),
        "month": relativedelta(months=count),
        "year": relativedelta(years=count),
    }
    return now.replace(microsecond=0) + spans[unit]
