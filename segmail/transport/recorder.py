"""Passes messages to its caller instead of sending them, for simulations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import LONGEST_WRITING, MailSettings
from segmail.transport.mailer import Accepted


@dataclass(frozen=True)
class RecorderSettings:
    """No transport: `take` is called with each message."""

    take: Callable[[Envelope], None]
    sender: str | None = None
    longest_dialogue = LONGEST_WRITING


Transport = MailSettings | RecorderSettings


def record(settings: RecorderSettings, envelope: Envelope) -> Accepted:
    """Accept a message; nothing leaves the process."""
    settings.take(envelope)
    return Accepted("recorded")
