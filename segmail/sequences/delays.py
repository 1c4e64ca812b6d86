"""Delays as people write and read them: `90`, `30m`, `1h`, `3 days`, `1 day 2 hours`, `2w`."""

from __future__ import annotations

import re

from segmail.errors import InputError

# `delay_minutes` is a signed int in the specification's layout, an unsigned one in Maho's.
MAX_MINUTES = 2_147_483_647

_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY

_UNITS = {
    1: ("m", "min", "mins", "minute", "minutes"),
    _HOUR: ("h", "hr", "hrs", "hour", "hours"),
    _DAY: ("d", "day", "days"),
    _WEEK: ("w", "week", "weeks"),
}
_MINUTES = {name: minutes for minutes, names in _UNITS.items() for name in names}

# Ten digits are as many as the column holds.
_PART = re.compile(r"([0-9]{1,10})\s*([a-z]*)\s*")


def parse_delay(text: str) -> int:
    """Return the minutes that `text` means; a number without a unit is minutes.

    Parts are added up, each unit once: `1 day 2 hours`. `immediately` is 0. Months are refused,
    for they differ in length. Raises InputError.
    """
    given = text.strip().lower()
    if given in ("immediate", "immediately"):
        return 0
    minutes = _sum(given)
    if minutes is None:
        raise InputError(
            f"'{text}' is not a delay; it looks like 90 (minutes), 30m, 1h, '3 days', "
            "'1 day 2 hours' or 2w."
        )
    if minutes > MAX_MINUTES:
        raise InputError(
            f"The delay '{text}' is longer than {MAX_MINUTES} minutes, the most possible."
        )
    return minutes


def format_delay(minutes: int) -> str:
    """Return a delay in days, hours and minutes: `1 day 2 h 30 min`; 0 is `immediately`."""
    days, rest = divmod(minutes, _DAY)
    parts = (
        (days, "day" if days == 1 else "days"),
        (rest // _HOUR, "h"),
        (rest % _HOUR, "min"),
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "immediately"


def _sum(given: str) -> int | None:
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
