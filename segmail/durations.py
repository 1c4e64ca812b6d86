"""Lengths of time as people write them: `30m`, `1h`, `3 days`, `1 day 2 hours`, `2w`."""

from __future__ import annotations

import re

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

_UNITS = {
    1: ("m", "min", "mins", "minute", "minutes"),
    HOUR: ("h", "hr", "hrs", "hour", "hours"),
    DAY: ("d", "day", "days"),
    WEEK: ("w", "week", "weeks"),
}
_MINUTES = {name: minutes for minutes, names in _UNITS.items() for name in names}

# Ten digits are as many as a column of minutes holds.
_PART = re.compile(r"([0-9]{1,10})\s*([a-z]*)\s*")


def minutes_in(text: str) -> int | None:
    """Return the minutes that `text` means; None if it is not a length of time.

    Parts are added up, each unit once: `1 day 2 hours`. A number alone is minutes. Months are
    refused, because they differ in length.
    """
    given = text.strip().lower()
    total, position, seen = 0, 0, set()
    while part := _PART.match(given, position):
        unit = part[2] or "m"
        bare = not part[2] and part[0] != given
        if bare or unit not in _MINUTES or _MINUTES[unit] in seen:
            return None
        seen.add(_MINUTES[unit])
        total += int(part[1]) * _MINUTES[unit]
        position = part.end()
    return total if seen and position == len(given) else None


def in_words(minutes: int) -> str:
    """Return a length of time in days, hours and minutes: `1 day 2 h 30 min`; 0 is nothing."""
    days, rest = divmod(minutes, DAY)
    parts = (
        (days, "day" if days == 1 else "days"),
        (rest // HOUR, "h"),
        (rest % HOUR, "min"),
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
