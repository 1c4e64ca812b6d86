"""Delays as people write and read them: `90`, `30m`, `1h`, `3 days`, `1 day 2 hours`, `2w`."""

from __future__ import annotations

from segmail.durations import in_words, minutes_in
from segmail.errors import InputError

# `delay_minutes` is a signed int in SPEC's layout, an unsigned one in Maho's.
MAX_MINUTES = 2_147_483_647


def parse_delay(text: str) -> int:
    """Return the minutes that `text` means; a number without a unit is minutes.

    Parts are added up, each unit once: `1 day 2 hours`. `immediately` is 0. Months are refused,
    because they differ in length. Raises InputError.
    """
    given = text.strip().lower()
    if given in ("immediate", "immediately"):
        return 0
    minutes = minutes_in(given)
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
    return in_words(minutes) or "immediately"
