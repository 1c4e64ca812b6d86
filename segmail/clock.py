"""The time, as a value that can be passed in.

Everything inside segmail is aware UTC. Only `segmail.maho` knows that the shop's columns hold naive
UTC, and only mails and reports use a store's local time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC; with `start`, a clock that starts at that time and runs on."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._began = time.monotonic()

    @property
    def is_set(self) -> bool:
        """Whether it was set by hand, and so differs from the machine's time."""
        return self._start is not None

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._began)


class StandingClock(Clock):
    """A clock that stands still until it is set again, for playing days in seconds."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._stands_at = start

    def now(self) -> datetime:
        """Return the time to which it is set."""
        return self._stands_at

    def put(self, moment: datetime) -> None:
        """Set it to another time."""
        self._stands_at = moment
