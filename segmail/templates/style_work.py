"""Limits the work that the styles of one mail may take, counted and not timed.

So the same mail ends the same way on every machine, and on a busy one.
"""

from __future__ import annotations

MAX_WORK = 200_000  # declarations of rules, once per element, and comparisons of them
MAX_WRITTEN = 500_000  # characters of style attributes


class TooMuchWork(Exception):
    """The styles of a mail take more work than any newsletter's: fewer of them are inlined."""


class StyleWork:
    """Counts what the styles of one mail cost; raises TooMuchWork before they cost too much."""

    __slots__ = ("_done", "_written")

    def __init__(self) -> None:
        self._done = 0
        self._written = 0

    def spend(self, steps: int) -> None:
        """Count steps before they are done."""
        self._done += steps
        if self._done > MAX_WORK:
            raise TooMuchWork

    def write(self, text: str) -> None:
        """Count a style attribute before it is written."""
        self._written += len(text)
        if self._written > MAX_WRITTEN:
            raise TooMuchWork
