"""Sends a message to a test server, as short as a test wants to say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import parse_mail_url
from segmail.transport.mailer import Accepted, Mailer
from segmail.transport.open_mailer import mailer_factory

DATA = b"Subject: Hello\r\n\r\nHello, Ada.\r\n"


@contextmanager
def mailer_for(url: str) -> Iterator[Mailer]:
    """Open a mailer and close it at the end."""
    mailer = mailer_factory(parse_mail_url(url))()
    try:
        yield mailer
    finally:
        mailer.close()


def send(
    mailer: Mailer,
    recipient: str = "ada@example.com",
    *,
    data: bytes = DATA,
    utf8: bool = False,
    on_begin: Callable[[], None] = lambda: None,
) -> Accepted:
    """Send one message from shop@example.com."""
    envelope = Envelope("shop@example.com", recipient, data, utf8)
    return mailer.send(envelope, on_begin=on_begin)
