"""One SMTP connection of a selector loop: a dialogue with its socket, which never waits."""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from contextlib import suppress

from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import Event
from segmail.transport.smtp_dialogue import SmtpDialogue
from segmail.transport.smtp_wire import ConnectionBroken, Wire


class SmtpConnection(SmtpDialogue):
    """A dialogue with its socket; only `close` waits."""

    def __init__(self, settings: SmtpSettings, wire: Wire, extensions: Mapping[str, str]) -> None:
        super().__init__(settings, extensions, wire.reader, last_bytes=wire.last_bytes)
        self._wire = wire
        wire.never_wait()

    @property
    def has_output(self) -> bool:
        return bool(self.output)

    @property
    def watched(self) -> tuple[int, int] | None:
        """The descriptor and the events at which `flush` or `exchange` can go on."""
        if self.is_over:
            return None
        wants_to_write = selectors.EVENT_WRITE if self.output else 0
        return self._wire.fileno, selectors.EVENT_READ | wants_to_write

    def flush(self) -> list[Event]:
        """Write as much as the connection takes now."""
        try:
            while self.output and (count := self._wire.write_now(self.output)):
                self.sent(count)
        except ConnectionBroken as error:  # the server may have said why
            return [*self.exchange(), *([] if self.is_over else self.broken(error))]
        return []

    def exchange(self) -> list[Event]:
        """Read what the server has sent, and return what it means."""
        events: list[Event] = []
        try:
            while not self.is_over and (received := self._wire.read_now()):
                events += self.receive(received)
                if not self._wire.has_more:
                    break
        except ConnectionBroken as error:
            events += self.broken(error)
        return events

    def time_out(self) -> list[Event]:
        """End the dialogue: the next answer did not come in time."""
        return self.broken(ConnectionBroken("did not answer in time"))

    def abort(self) -> None:
        """End it as if the server had closed it."""
        self._wire.shut_down()

    def say_goodbye(self) -> None:
        """Send QUIT if nothing is under way; the server's answer to that changes nothing."""
        if self.is_idle:
            with suppress(ConnectionBroken):
                self._wire.write_now(memoryview(b"QUIT\r\n"))

    def close(self, deadline: float) -> None:
        """Close it, after the server's answer to QUIT if that comes in time."""
        if self.is_idle:
            with suppress(ConnectionBroken):
                self._wire.read_reply(deadline)
        self._wire.close()
