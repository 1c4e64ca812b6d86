"""Passes messages to its caller instead of sending them, for simulations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import MailSettings
from segmail.transport.mailer import Accepted, nothing, nothing_follows


@dataclass(frozen=True)
class RecorderSettings:
    """No transport: `take` is called with each message."""

    take: Callable[[Envelope], None]
    sender: str | None = None


Transport = MailSettings | RecorderSettings


class RecorderMailer:
    """Accepts every message; nothing leaves the process."""

    def __init__(self, settings: RecorderSettings) -> None:
        self._take = settings.take

    def open(self) -> None:
        """There is nothing to open."""

    def send(
        self,
        envelope: Envelope,
        *,
        on_introduce: Callable[[], None] = nothing,
        on_begin: Callable[[], None] = nothing,
        following: Callable[[], Envelope | None] = nothing_follows,
    ) -> Accepted:
        """Pass one message on; see `Mailer.send`."""
        on_introduce()
        on_begin()
        self._take(envelope)
        return Accepted("recorded")

    def close(self) -> None:
        """There is nothing to close."""

    def abort(self) -> None:
        """Nothing has to be interrupted."""
