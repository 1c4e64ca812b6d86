"""How many rows a run may still take; its worker processes share the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized


class Quota:
    """`limit` rows in total, 0 for no limit; with `left`, processes share the number."""

    def __init__(self, limit: int, left: Synchronized[int] | None = None) -> None:
        self._unlimited = limit == 0
        self._left = limit
        self._shared = left

    def take(self, most: int) -> int:
        """Return how many rows may be claimed now, at most `most`; 0 once the limit is reached."""
        if self._unlimited:
            return most
        if self._shared is None:
            taken = min(most, self._left)
            self._left -= taken
            return taken
        with self._shared.get_lock():
            taken = min(most, self._shared.value)
            self._shared.value -= taken
        return taken

    def give_back(self, unused: int) -> None:
        """Return rows that were taken but not claimed, for another process to try."""
        if self._shared is None:
            self._left += unused
            return
        with self._shared.get_lock():
            self._shared.value += unused
