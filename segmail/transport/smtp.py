"""Sends messages over SMTP: one connection, kept from message to message."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from segmail.errors import MessageError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import Accepted, nothing, nothing_follows
from segmail.transport.smtp_dialogue import Answered, Event, GoAhead, NotBegun
from segmail.transport.smtp_session import SmtpSession, open_session


class SmtpMailer:
    """Sends over one SMTP connection, opened for the first message and renewed when it breaks."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext, ehlo: str) -> None:
        self._settings = settings
        self._context = context
        self._ehlo = ehlo
        self._session: SmtpSession | None = None
        self._socket: socket.socket | None = None
        self._events: deque[Event] = deque()  # of the message that follows

    def open(self) -> None:
        """Connect and log in; see `Mailer.open`."""
        self._connected().idled = True  # until the first message comes

    def send(
        self,
        envelope: Envelope,
        *,
        on_introduce: Callable[[], None] = nothing,
        on_begin: Callable[[], None] = nothing,
        following: Callable[[], Envelope | None] = nothing_follows,
    ) -> Accepted:
        """Send one message; see `Mailer.send`."""
        is_last_time = False
        while True:
            if not self._is_under_way(envelope):
                self._introduce(envelope, on_introduce, is_last_time=is_last_time)
            event = self._next_about(envelope)
            if isinstance(event, GoAhead):
                self._hand_over(on_begin, following)
                event = self._next_about(envelope)
            if not isinstance(event, Answered):
                is_last_time = isinstance(event, NotBegun) and event.for_its_own
            elif isinstance(event.result, Exception):
                raise event.result
            else:
                return event.result

    def close(self) -> None:
        """Say goodbye to the server; a later `send` connects again."""
        self._come_to_rest()
        if self._session is not None:
            self._session.quit()
            self._session = None

    def abort(self) -> None:
        """Close the connection while another thread waits for its server; see `Mailer.abort`."""
        if self._socket is not None:
            with suppress(OSError):  # it may be closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _is_under_way(self, envelope: Envelope) -> bool:
        """Whether a message was introduced behind the previous one."""
        if any(event.envelope is envelope for event in self._events):
            return True
        return self._session is not None and self._session.dialogue.introduced is envelope

    def _introduce(
        self, envelope: Envelope, on_introduce: Callable[[], None], *, is_last_time: bool
    ) -> None:
        on_introduce()
        was_connected = self._session is not None
        session = self._connected()
        if not was_connected:
            on_introduce()  # connecting may have taken long
        is_new = not session.idled
        session.dialogue.introduce(envelope, is_last_time=is_last_time or is_new)
        session.idled = True

    def _hand_over(
        self, on_begin: Callable[[], None], following: Callable[[], Envelope | None]
    ) -> None:
        """Send the content, and introduce the message that follows if there is one."""
        session = self._session
        if session is None:
            raise AssertionError("nobody waits for the content")
        try:
            on_begin()
        except BaseException:
            self._drop()  # nothing but content can be sent here
            raise
        session.dialogue.hand_over()
        if session.dialogue.takes_next and (envelope := following()) is not None:
            with suppress(MessageError):  # raised again when it is sent
                session.dialogue.introduce(envelope)

    def _next_about(self, envelope: Envelope) -> Event:
        """Return the next event of a message; events of the one that follows are kept."""
        while True:
            while self._events:
                event = self._events.popleft()
                if event.envelope is envelope:
                    return event
            self._exchange()

    def _exchange(self) -> None:
        session = self._session
        if session is None:
            raise AssertionError("a connection ended without a word about its message")
        try:
            self._events += session.exchange()
        except BaseException:
            self._drop()  # no other dialogue can begin in the middle of one
            raise
        if session.dialogue.is_over:
            self._drop()

    def _connected(self) -> SmtpSession:
        """Return a session on which nothing is under way; open one if there is none."""
        self._come_to_rest()
        if self._session is None:
            self._session = open_session(self._settings, self._context, self._ehlo, self._hold)
        return self._session

    def _come_to_rest(self) -> None:
        """Read the answer to RSET; give up a server that waits for content, or spoke unasked."""
        if self._session is not None:
            dialogue = self._session.dialogue
            if dialogue.introduced is not None or dialogue.spoke_unasked:
                self._drop()
        while self._session is not None and self._session.dialogue.waits:
            self._exchange()

    def _hold(self, connected: socket.socket) -> None:
        self._socket = connected

    def _drop(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._session = None
