"""Contacts the mail server without sending a mail: greeting, encryption, login, sizes."""

from __future__ import annotations

from dataclasses import dataclass

from segmail.transport.mail_url import SmtpSettings
from segmail.transport.smtp_session import greeting_name, open_session, tls_context


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
    ehlo = settings.ehlo or greeting_name()
    session = open_session(settings, tls_context(settings), ehlo, lambda _socket: None)
    session.quit()
    size = session.extensions.get("SIZE", "")
    return Contact(
        encrypted=session.wire.encrypted,
        logged_in=bool(settings.user),
        most_bytes=int(size) if size.isdecimal() and int(size) else None,
        takes_utf8="SMTPUTF8" in session.extensions,
    )
