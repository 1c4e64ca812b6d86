"""Sends a message to a test server, as short as a test wants to say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from segmail.mail.envelope import Envelope
from segmail.transport.connections import Connection, Connections, NotOpened, Opener
from segmail.transport.mail_url import parse_mail_url
from segmail.transport.mailer import Accepted, Answered, Event, GoAhead
from segmail.transport.opener import opener_for
from tests.smtp_script import Fault

DATA = b"Subject: Hello\r\n\r\nHello, Ada.\r\n"


def patience(*answers: object) -> str:
    """Return the option of a mail URL that says how long to wait for a server that gives these.

    Long, so that a machine that has much else to do is not taken for a server that hangs; short
    where it does hang, because that time is always waited for.
    """
    hangs = any(answer in (Fault.HANG, Fault.DRIBBLE) for answer in answers)
    return "timeout=1" if hangs else "timeout=60"


class OneByOne:
    """Sends one message after another over one connection, opened for the first and when it breaks.

    It waits for each message.
    """

    def __init__(self, opener: Opener) -> None:
        self._connections = Connections(opener)

    def open(self) -> Connection:
        """Return an idle connection; raise what prevents that."""
        while (found := self._connections.idle()) is None:
            if not self._connections.count:
                self._connections.open_one()
            for event in self._connections.poll(60):
                if isinstance(event, NotOpened):
                    raise event.error
        return found

    def send(self, envelope: Envelope) -> Accepted:
        """Send one message and return once the server has accepted it; raise other outcomes."""
        while True:
            connection = self.open()
            connection.introduce(envelope)
            event = self._next()
            if isinstance(event, GoAhead):
                connection.hand_over()
                event = self._next()
            if isinstance(event, Answered):
                return event.accepted()

    def close(self) -> None:
        """Say goodbye to the server."""
        self._connections.close()

    def _next(self) -> Event:
        while True:
            for event in self._connections.poll(60):
                if not isinstance(event, NotOpened):
                    return event


@contextmanager
def mailer_for(url: str) -> Iterator[OneByOne]:
    """Open a mailer and close it at the end."""
    mailer = OneByOne(opener_for(parse_mail_url(url)))
    try:
        yield mailer
    finally:
        mailer.close()


def send(
    mailer: OneByOne,
    recipient: str = "ada@example.com",
    *,
    data: bytes = DATA,
    utf8: bool = False,
) -> Accepted:
    """Send one message from shop@example.com."""
    envelope = Envelope("shop@example.com", recipient, data, utf8)
    return mailer.send(envelope)
