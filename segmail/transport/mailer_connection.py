"""Lets a mailer that waits for each message take part in a selector loop."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from functools import partial

from segmail.mail.envelope import Envelope
from segmail.transport.in_thread import InThread
from segmail.transport.mailer import Accepted, Answered, Event, GoAhead


class MailerConnection:
    """Sends messages one after another, in a thread if that `takes_long`.

    `send` sends one and returns the answer, or raises its other outcome (mailer.py).
    """

    takes_next = is_over = False
    deadline = float("inf")  # `send` has its own
    may_be_stale = False  # never read: nothing is closed while it idles

    def __init__(self, send: Callable[[Envelope], Accepted], *, takes_long: bool = False) -> None:
        self._send = send
        self._takes_long = takes_long
        self._events: list[Event] = []
        self._message: Envelope | None = None
        self._running: InThread[Accepted] | None = None

    @property
    def is_idle(self) -> bool:
        return self._message is None

    @property
    def has_output(self) -> bool:
        return bool(self._events or self._running)  # the latter is to be watched

    @property
    def watched(self) -> tuple[int, int] | None:
        return (self._running.fileno(), selectors.EVENT_READ) if self._running else None

    def introduce(self, envelope: Envelope) -> None:
        """Let the message go ahead at once."""
        self._message = envelope
        self._events.append(GoAhead(envelope))

    def hand_over(self) -> None:
        """Send the message."""
        if self._message is None:
            raise AssertionError("nothing was introduced")
        send = partial(self._send, self._message)
        if self._takes_long:
            self._running = InThread(send)
            return
        try:
            result: Accepted | Exception = send()
        except Exception as error:  # noqa: BLE001 - passed on as its outcome
            result = error
        self._end(self._message, result)

    def flush(self) -> list[Event]:
        """Return the events that are ready."""
        events, self._events = self._events, []
        return events

    def exchange(self) -> list[Event]:
        """Return the outcome of a message that took long."""
        if self._running is not None and self._message is not None:
            result, self._running = self._running.result(), None
            self._end(self._message, result)
        return self.flush()

    def time_out(self) -> list[Event]:
        """Never called: there is no deadline."""
        return []

    def drop(self) -> None:
        """End it before the introduced message is sent."""
        self.is_over, self._message = True, None

    def abort(self) -> None:
        """Interrupt a message under way; only one that takes long ever is."""

    def say_goodbye(self) -> None:
        """There is nobody to say it to."""

    def close(self, _deadline: float) -> None:
        """There is nothing to close."""

    def _end(self, message: Envelope, result: Accepted | BaseException) -> None:
        self._message = None
        self._events.append(Answered(message, result))
