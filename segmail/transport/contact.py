"""Contacts the mail server without sending a mail: greeting, encryption, login, sizes."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from segmail.transport.mail_url import SmtpSettings
from segmail.transport.smtp_session import open_session
from segmail.transport.smtp_wire import ConnectionBroken

_PATIENCE_FOR_QUIT = 2.0  # seconds


@dataclass(frozen=True)
class Contact:
    """What a mail server says about itself; `most_bytes` is None for no limit.

    `logged_in` is whether a user name was given, and accepted.
    """

    encrypted: bool
    logged_in: bool
    most_bytes: int | None
    takes_utf8: bool


def contact(settings: SmtpSettings) -> Contact:
    """Connect as a run does, and say goodbye.

    Raises NoConnection if it may work later, ConfigError if a human must act.
    """
    wire, extensions = open_session(settings, lambda _socket: None)
    with suppress(ConnectionBroken):
        wire.ask("QUIT", time.monotonic() + _PATIENCE_FOR_QUIT)
    wire.close()
    size = extensions.get("SIZE", "")
    return Contact(
        encrypted=wire.encrypted,
        logged_in=bool(settings.user),
        most_bytes=int(size) if size.isdecimal() and int(size) else None,
        takes_utf8="SMTPUTF8" in extensions,
    )
