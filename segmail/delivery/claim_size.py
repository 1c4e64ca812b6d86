"""How many rows a claim takes: as many as are sent in a few seconds.

Claimed rows are recorded ahead, as paused mailings in Maho's grid, and rows that wait long are
checked again and again. So with a slow server, or a low rate, few rows are claimed at a time.
"""

from __future__ import annotations

import math

_SECONDS = 4.0
_FIRST = 50  # before the speed is known


class ClaimSize:
    """At most `most` rows at a time, fewer if sending is slow; at least one per connection.

    `rate` is how many messages may begin per second; 0: no limit.
    """

    def __init__(self, most: int, *, connections: int, rate: float) -> None:
        self._most = most if not rate else max(1, min(most, math.ceil(rate * _SECONDS)))
        self._least = min(connections, self._most)
        self.rows = min(_FIRST, self._most)

    def learn(self, rows: int, seconds: float) -> None:
        """Take into account how long it took to finish a claim of so many rows."""
        expected = math.floor(rows / max(seconds, 0.001) * _SECONDS)
        self.rows = max(self._least, min(expected, self._most))
