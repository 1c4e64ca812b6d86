"""How many rows a claim takes: as many as are sent in a time, so that few wait long.

Claimed rows are recorded ahead, as paused mailings in Maho's grid, and rows that wait long are
checked again and again. So with a slow server, or a low rate, few rows are claimed at a time.
"""

from __future__ import annotations

import math

_FIRST = 50  # before the speed is known


class ClaimSize:
    """At most `most` rows at a time, and no more than are sent within `seconds`.

    `rate` is how many messages may begin per second; 0: no limit.
    """

    def __init__(self, most: int, *, seconds: float, rate: float) -> None:
        self._seconds = seconds
        self._most = most if not rate else max(1, min(most, math.floor(rate * seconds)))
        self.rows = min(_FIRST, self._most)

    def learn(self, rows: int, seconds: float, *, connections: int) -> None:
        """Take into account how long it took to finish a claim; at least one per connection."""
        expected = math.floor(rows / max(seconds, 0.001) * self._seconds)
        self.rows = min(max(connections, expected, 1), self._most)
