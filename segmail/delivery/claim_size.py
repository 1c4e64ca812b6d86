"""How many rows a claim takes: what is sent in a few seconds.

What is claimed is recorded ahead, as paused mailings in Maho's grid, and what waits long is asked
about again and again. So a slow server, or a low rate, gets a few rows at a time.
"""

from __future__ import annotations

import math

_SECONDS = 4.0
_FIRST = 50  # before anything is known


class ClaimSize:
    """`most` rows at a time, fewer where sending is slow; at least one for each connection.

    `rate` is how many may be begun in a second, 0: as many as can.
    """

    def __init__(self, most: int, *, connections: int, rate: float) -> None:
        self._most = most if not rate else max(1, min(most, math.ceil(rate * _SECONDS)))
        self._least = min(connections, self._most)
        self.rows = min(_FIRST, self._most)

    def learn(self, rows: int, seconds: float) -> None:
        """Take into account how long it took to bring a claim of so many rows to its end."""
        expected = math.floor(rows / max(seconds, 0.001) * _SECONDS)
        self.rows = max(self._least, min(expected, self._most))
