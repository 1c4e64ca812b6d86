"""How many rows a run may still take; its threads and worker processes share the number."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized


class Quota:
    """`limit` rows in total, 0 for no limit; with `left`, processes share the number."""

    def __init__(self, limit: int, left: Synchronized[int] | None = None) -> None:
        self._unlimited = limit == 0
        self._left = left or _Left(limit)

    def take(self, most: int) -> int:
        """Return how many rows may be claimed now, at most `most`; 0 once the limit is reached."""
        if self._unlimited:
            return most
        with self._left.get_lock():
            taken = min(most, self._left.value)
            self._left.value -= taken
        return taken

    def give_back(self, unused: int) -> None:
        """Return rows that were taken but not claimed, for others to try."""
        with self._left.get_lock():
            self._left.value += unused


class _Left:
    """A number as `multiprocessing.Value` has it, for one process."""

    def __init__(self, value: int) -> None:
        self.value = value
        self._lock = threading.Lock()

    def get_lock(self) -> threading.Lock:
        return self._lock
