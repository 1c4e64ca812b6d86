"""How fast messages may begin: over all connections, and to one recipient domain."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from segmail.delivery.rows.outcome import Attempt

_LOOK = 0.25  # seconds between two checks whether the run must end


class Pace:
    """Spaces the beginnings of messages, over all connections and batches of a process.

    `per_second` is for all messages, `domain_per_minute` for those to one recipient domain, as
    large mail providers ask for; 0 means as fast as possible.
    """

    def __init__(self, per_second: float = 0, domain_per_minute: float = 0) -> None:
        self.per_second = per_second
        self._gap = 1 / per_second if per_second else 0.0
        self._domain_gap = 60 / domain_per_minute if domain_per_minute else 0.0
        self._next = time.monotonic()
        self._domains: dict[str, float] = {}  # when the next message to it may begin
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> None:
        """Return when the next message may begin, or at once if the run is to stop."""
        if not self._gap:
            return
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + self._gap
        stop.wait(max(0.0, start - time.monotonic()))

    def may_begin_now(self) -> bool:
        """Take a turn if one is free now; return whether it was."""
        with self._lock:
            now = time.monotonic()
            if self._gap and self._next > now:
                return False
            self._next = now + self._gap
            return True

    def choose(self, waiting: Sequence[Attempt]) -> tuple[int, float]:
        """Return the index of the first message whose domain is free, and the seconds until then.

        The domain's turn is taken if there is no need to wait.
        """
        if not self._domain_gap:
            return 0, 0.0
        with self._lock:
            now = time.monotonic()
            turns = [self._domains.get(_domain(attempt), now) for attempt in waiting]
            place = min(range(len(turns)), key=lambda number: max(turns[number], now))
            if turns[place] <= now:
                self._domains[_domain(waiting[place])] = now + self._domain_gap
            return place, max(0.0, turns[place] - now)

    def tidy(self) -> None:
        """Forget domains that are free again anyway."""
        with self._lock:
            now = time.monotonic()
            self._domains = {name: turn for name, turn in self._domains.items() if turn > now}


class Waiting:
    """The messages of a batch that are not begun yet; several threads take from it."""

    def __init__(self, attempts: Sequence[Attempt], pace: Pace, stop: threading.Event) -> None:
        pace.tidy()
        self._left = deque(attempts)
        self._pace = pace
        self._stop = stop
        self._lock = threading.Lock()

    def take(self) -> Attempt | None:
        """Return the next message once its domain is free; None if no message is left.

        If the run is to stop, return at once, because every message needs an outcome.
        """
        while True:
            with self._lock:
                if not self._left:
                    return None
                place, seconds = (0, 0.0) if self._stop.is_set() else self._pace.choose(self._left)
                if seconds == 0:
                    attempt = self._left[place]
                    del self._left[place]
                    return attempt
            self._stop.wait(min(seconds, _LOOK))

    def take_now(self) -> Attempt | None:
        """Return the next message if one may begin at once."""
        with self._lock:
            if not self._left or self._stop.is_set():
                return None
            place, seconds = self._pace.choose(self._left)
            if seconds or not self._pace.may_begin_now():
                return None
            attempt = self._left[place]
            del self._left[place]
            return attempt


def _domain(attempt: Attempt) -> str:
    return attempt.prepared.envelope.recipient.rpartition("@")[2].lower()
