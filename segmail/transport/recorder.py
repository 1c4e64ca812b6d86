"""Passes messages to its caller instead of sending them, for simulations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import LONGEST_WRITING, MailSettings
from segmail.transport.mailer import Accepted
from segmail.transport.mailer_connection import MailerConnection


@dataclass(frozen=True)
class RecorderSettings:
    """No transport: `take` is called with each message."""

    take: Callable[[Envelope], None]
    sender: str | None = None
    longest_dialogue = LONGEST_WRITING


Transport = MailSettings | RecorderSettings


class RecorderMailer(MailerConnection):
    """Accepts every message; nothing leaves the process."""

    def __init__(self, settings: RecorderSettings) -> None:
        super().__init__()
        self._take = settings.take

    def send(self, envelope: Envelope) -> Accepted:
        """Pass one message on; see `MailerConnection.send`."""
        self._take(envelope)
        return Accepted("recorded")
