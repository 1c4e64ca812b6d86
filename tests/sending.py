"""Sends a message to a test server, as short as a test wants to say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import parse_mail_url
from segmail.transport.mailer import Accepted, Mailer, nothing
from segmail.transport.open_mailer import mailer_factory
from tests.smtp_script import Fault

DATA = b"Subject: Hello\r\n\r\nHello, Ada.\r\n"


def patience(*answers: object) -> str:
    """Return the option of a mail URL that says how long to wait for a server that gives these.

    Long, so that a machine that has much else to do is not taken for a server that hangs; short
    where it does hang, because that time is always waited for.
    """
    hangs = any(answer in (Fault.HANG, Fault.DRIBBLE) for answer in answers)
    return "timeout=1" if hangs else "timeout=60"


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
    on_introduce: Callable[[], None] = nothing,
    on_begin: Callable[[], None] = nothing,
) -> Accepted:
    """Send one message from shop@example.com."""
    envelope = Envelope("shop@example.com", recipient, data, utf8)
    return mailer.send(envelope, on_introduce=on_introduce, on_begin=on_begin)
