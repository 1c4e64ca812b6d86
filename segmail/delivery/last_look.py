"""How old the last check of a batch's messages is, and what it forbids."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from segmail.delivery.rows.outcome import Attempt, Outcome

# Checks messages: returns the outcomes of those that must not be sent, by queue id, and since when
# (`time.monotonic`) that is known.
AskAgain = Callable[[Sequence[Attempt]], tuple[Mapping[int, Outcome], float]]


class LastLook:
    """The last check of a batch's messages that are not begun yet.

    `at` is when it happened, `most` is how many seconds it is valid.
    """

    def __init__(
        self, attempts: Sequence[Attempt], ask: AskAgain, *, at: float, most: float
    ) -> None:
        self._left = {attempt.queue_id: attempt for attempt in attempts}
        self._ask = ask
        self._at = at
        self._most = most
        self._forbidden: Mapping[int, Outcome] = {}

    @property
    def left(self) -> list[Attempt]:
        """The messages that have no outcome yet."""
        return list(self._left.values())

    def forbids(self, attempt: Attempt) -> Outcome | None:
        """Return the outcome of a message that must not be begun now; None if it may be.

        If the last check is too old, all messages that are not begun are checked together.
        """
        if time.monotonic() - self._at > self._most:
            self._forbidden, self._at = self._ask(self.left)
        return self._forbidden.get(attempt.queue_id)

    def forget(self, attempt: Attempt) -> None:
        """Stop checking a message that has its outcome."""
        self._left.pop(attempt.queue_id, None)
