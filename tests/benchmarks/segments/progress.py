"""What is going on, for whoever waits."""

from __future__ import annotations

import sys
import time

_BEGAN = time.monotonic()


def say(what: str) -> None:
    """Print a line to stderr, with the minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    print(f"[{minutes:3}:{seconds:02}] {what}", file=sys.stderr, flush=True)
