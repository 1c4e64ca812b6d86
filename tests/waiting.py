"""Waits for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0  # seconds: a busy machine is no fault


def until(true: Callable[[], bool], *, every: float = 0.05) -> None:
    """Wait until it is true, looking each `every` seconds; fail after five minutes."""
    last = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < last, "it did not happen within five minutes"
        time.sleep(every)
