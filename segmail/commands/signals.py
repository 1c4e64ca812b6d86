"""Signals that end a job in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by(stop: Callable[[], None], *numbers: signal.Signals) -> Iterator[set[signal.Signals]]:
    """Call `stop` when one of the signals arrives; afterwards restore the former handlers.

    Yields the set of the signals that arrived.
    """
    arrived: set[signal.Signals] = set()
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def handle(number: int, _frame: object) -> None:
        arrived.add(signal.Signals(number))
        stop()

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
