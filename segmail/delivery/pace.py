"""How fast messages may begin: over all connections, and to one recipient domain."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence

from segmail.delivery.rows.outcome import Attempt


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

    def choose(self, waiting: Sequence[Attempt]) -> tuple[int, float]:
        """Return the index of the message that may begin first, and the seconds until then."""
        now = time.monotonic()
        if not self._domain_gap:
            return 0, max(0.0, self._next - now)
        turns = [self._domains.get(_domain(attempt), now) for attempt in waiting]
        place = min(range(len(turns)), key=lambda number: max(turns[number], now))
        return place, max(0.0, self._next - now, turns[place] - now)

    def begin(self, attempt: Attempt) -> None:
        """Take the turn of a message that begins now."""
        now = time.monotonic()
        # One that begins a little late does not delay those after it.
        self._next = max(self._next, now - self._gap) + self._gap
        if self._domain_gap:
            self._domains[_domain(attempt)] = now + self._domain_gap

    def tidy(self) -> None:
        """Forget domains that are free again anyway."""
        now = time.monotonic()
        self._domains = {name: turn for name, turn in self._domains.items() if turn > now}


class Waiting:
    """The messages of a batch that the server does not know about yet."""

    def __init__(self, attempts: Sequence[Attempt], pace: Pace) -> None:
        pace.tidy()
        self._left = deque(attempts)
        self._pace = pace

    def __len__(self) -> int:
        return len(self._left)

    def seconds(self) -> float:
        """Return the seconds until one may begin; infinity if none is left."""
        return self._pace.choose(self._left)[1] if self._left else math.inf

    def take(self) -> Attempt | None:
        """Return the next message if one may begin now."""
        if not self._left:
            return None
        place, seconds = self._pace.choose(self._left)
        if seconds:
            return None
        attempt = self._left[place]
        del self._left[place]
        self._pace.begin(attempt)
        return attempt

    def take_all(self) -> list[Attempt]:
        """Return all that are left, whether or not they may begin."""
        left, self._left = list(self._left), deque()
        return left

    def put_back(self, attempt: Attempt) -> None:
        """Let a message be taken again before the others."""
        self._left.appendleft(attempt)


def _domain(attempt: Attempt) -> str:
    return attempt.prepared.envelope.recipient.rpartition("@")[2].lower()
