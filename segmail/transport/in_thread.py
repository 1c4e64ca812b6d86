"""Does work that may wait for long in a thread; a selector sees its end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class InThread(Generic[Result]):
    """Calls `work` in a thread of its own; `fileno` becomes readable once that has returned."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._result: Result | BaseException = AssertionError("the work is not done")
        self._ours, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._ours.fileno()

    def result(self) -> Result | BaseException:
        """Wait for the end; return what `work` returned or raised."""
        self._thread.join()
        self._ours.close()
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - passed to whoever asks for the result
            self._result = error
        self._theirs.close()
