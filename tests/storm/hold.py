"""A moment at which something outside the program holds it, so that a kill lands exactly there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_PATIENCE = 60.0  # seconds that what was let go may take


@dataclass
class Hold:
    """`reached` is set when the program has come there; `let_go` lets it go on.

    `passed` is set when it was given what it waited for.
    """

    let_go: Callable[[], None]
    reached: threading.Event = field(default_factory=threading.Event)
    passed: threading.Event = field(default_factory=threading.Event)

    def give_answer(self) -> None:
        """Let the program have what it waits for; return once that has left."""
        self.let_go()
        if not self.passed.wait(_PATIENCE):
            raise AssertionError("what was held did not go on")
