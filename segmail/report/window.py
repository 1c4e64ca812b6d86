"""The span of time that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from segmail.errors import InputError


@dataclass(frozen=True)
class Window:
    """From `since` up to, but not including, `until`; aware, UTC."""

    since: datetime
    until: datetime


def choose_window(
    *, now: datetime, hours: int | None, since: datetime | None, until: datetime | None
) -> Window:
    """Return the last `hours` (24 if nothing is given), or from `since` to `until`.

    Without `until` the window ends with the current second; without `since` it is `hours` long.
    Raises InputError if both `hours` and `since` are given, or nothing lies between the two ends.
    """
    if hours is not None and since is not None:
        raise InputError("Give either --since or a number of hours or days, not both.")
    until = until or now.replace(microsecond=0) + timedelta(seconds=1)
    since = since or until - timedelta(hours=24 if hours is None else hours)
    if since >= until:
        raise InputError(
            f"Nothing lies between --since {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC."
        )
    return Window(since, until)
