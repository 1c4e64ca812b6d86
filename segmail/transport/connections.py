"""The connections of a run in one selector loop."""

from __future__ import annotations

import math
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from segmail.transport.in_thread import InThread
from segmail.transport.mailer import Event
from segmail.transport.mailer_connection import MailerConnection
from segmail.transport.smtp import SmtpConnection

Connection = SmtpConnection | MailerConnection
# Opens a connection, which may take long; passes on each socket before it waits for it.
Opener = Callable[[Callable[[socket.socket], None]], Connection]
_PATIENCE_FOR_QUIT = 2.0  # seconds


@dataclass(frozen=True)
class NotOpened:
    """A connection could not be opened; `error` is NoConnection, ConfigError, or a bug."""

    error: BaseException


Heard = list[Event | NotOpened]


class Connections:
    """The open connections, and those that are being opened, each in a thread of its own."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Connection, tuple[int, int]] = {}
        self._opening: dict[InThread[Connection], list[socket.socket]] = {}
        self.open: list[Connection] = []
        self.was_open = False  # any of them, at any time

    @property
    def opening(self) -> int:
        """How many are being opened."""
        return len(self._opening)

    @property
    def count(self) -> int:
        """How many are open or being opened."""
        return sum(not connection.is_over for connection in self.open) + self.opening

    def open_one(self) -> None:
        """Begin to open a connection; `poll` tells if that fails."""
        sockets: list[socket.socket] = []
        thread: InThread[Connection] = InThread(partial(self._opener, sockets.append))
        self._opening[thread] = sockets
        self._selector.register(thread, selectors.EVENT_READ, thread)

    def idle(self) -> Connection | None:
        """Return a connection on which a message may be introduced."""
        return next((connection for connection in self.open if connection.is_idle), None)

    def poll(self, seconds: float) -> Heard:
        """Send what is ready, wait at most so long for an answer, and return the events."""
        heard: Heard = []
        for connection in tuple(self.open):
            if connection.has_output or connection.is_over:
                self._take_in(heard, connection, connection.flush())
        until = min((connection.deadline for connection in self.open), default=math.inf)
        wait = 0.0 if heard else max(0.0, min(seconds, until - time.monotonic()))
        for key, _ in self._selector.select(wait):
            if isinstance(key.data, InThread):
                heard += self._opened(key.data)
            else:
                self._take_in(heard, key.data, key.data.exchange())
        now = time.monotonic()
        for connection in tuple(self.open):
            if connection.deadline < now:
                self._take_in(heard, connection, connection.time_out())
        return heard

    def abort(self) -> None:
        """Break off everything under way."""
        self._stop_opening()
        for connection in self.open:
            if not connection.is_idle:
                connection.abort()

    def close(self) -> None:
        """Say goodbye to the server on every connection."""
        deadline = time.monotonic() + _PATIENCE_FOR_QUIT
        self._stop_opening()
        while self._opening or not all(connection.is_idle for connection in self.open):
            self.poll(deadline - time.monotonic())
            if time.monotonic() > deadline:
                break
        for connection in self.open:
            connection.say_goodbye()
        for connection in self.open:
            self._unwatch(connection)
            connection.close(deadline)
        self.open.clear()

    def _take_in(self, heard: Heard, connection: Connection, events: list[Event]) -> None:
        heard += events
        self._watch(connection)
        if connection.is_over:
            self.open.remove(connection)
            connection.close(0)

    def _watch(self, connection: Connection) -> None:
        """Let the selector look for what the connection waits for now."""
        wanted = connection.watched
        if self._watched.get(connection) == wanted:
            return
        self._unwatch(connection)
        if wanted:
            self._selector.register(*wanted, connection)
            self._watched[connection] = wanted

    def _unwatch(self, connection: Connection) -> None:
        if known := self._watched.pop(connection, None):
            self._selector.unregister(known[0])

    def _opened(self, thread: InThread[Connection]) -> Heard:
        self._selector.unregister(thread)
        del self._opening[thread]
        found = thread.result()
        if isinstance(found, BaseException):
            return [NotOpened(found)]
        self.open.append(found)
        self.was_open = True
        self._watch(found)
        return []

    def _stop_opening(self) -> None:
        for sockets in self._opening.values():
            for connected in sockets:
                with suppress(OSError):  # it may be closed already
                    connected.shutdown(socket.SHUT_RDWR)
