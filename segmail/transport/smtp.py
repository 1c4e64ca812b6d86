"""Sends messages over SMTP: one connection, kept from message to message."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from segmail.errors import ConfigError, MailServerUnavailable, MessageError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    MessageDeferred,
    MessageRefused,
    NoConnection,
    SenderRefused,
)
from segmail.transport.smtp_session import SmtpSession, open_session
from segmail.transport.smtp_wire import AnswerLost, ConnectionBroken, ConnectionClosed, Reply

_END = "end of data"
_STAGES = (("MAIL", 2), ("RCPT", 2), ("DATA", 3))  # with the answers' first digit
_CLOSING = 421
_LOG_IN_FIRST = {530, 535, 538}  # RFC 4954: an answer to any command
_TOO_LARGE = re.compile(r"552(?! 5\.(?!3\.4)\d)")  # RFC 1870: to MAIL, about this message
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


class SmtpMailer:
    """Sends over one SMTP connection, opened for the first message and renewed when it breaks."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext, ehlo: str) -> None:
        self._settings = settings
        self._context = context
        self._ehlo = ehlo
        self._session: SmtpSession | None = None
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect and log in; see `Mailer.open`."""
        self._connected().idled = True  # until the first message comes

    def send(self, envelope: Envelope, *, on_begin: Callable[[], None]) -> Accepted:
        """Send one message; see `Mailer.send`."""
        data = _dotted(envelope)
        session = self._ready(envelope)
        on_begin()
        try:
            session = self._begin(session, envelope, len(data), on_begin)
            reply = _expect(2, session.hand_over(data), _END)
        except _Unexpected as answer:
            raise self._outcome(answer) from answer
        except AnswerLost as error:
            self._drop()
            raise AcceptanceUnknown(f"{self._settings.server} {error}") from error
        except ConnectionBroken as error:
            self._drop()
            if error.stage == "MAIL":
                raise NoConnection(f"The mail server {self._settings.server} {error}.") from error
            raise MessageDeferred(f"{self._settings.server} {error}") from error
        except BaseException:
            self._drop()  # the middle of one dialogue is no place to begin another
            raise
        return Accepted(reply.words)

    def close(self) -> None:
        """Take leave of the server; a later `send` connects again."""
        if self._session is not None:
            self._session.quit()
            self._session = None

    def abort(self) -> None:
        """Close the connection under whoever waits for its server; see `Mailer.abort`."""
        if self._socket is not None:
            with suppress(OSError):  # it may be closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _ready(self, envelope: Envelope) -> SmtpSession:
        """Return the session, opened if need be.

        MessageError where the server says that it cannot take the address, or so much.
        """
        session = self._connected()
        most = session.extensions.get("SIZE", "")
        if most.isdigit() and 0 < int(most) < len(envelope.data):
            raise MessageError(
                f"The message has {len(envelope.data):,} bytes; the mail server "
                f"{self._settings.server} takes at most {int(most):,} (it says SIZE {most})."
            )
        if envelope.utf8 and "SMTPUTF8" not in session.extensions:
            raise MessageError(
                f"The mail server {self._settings.server} takes no address with characters "
                "beyond ASCII before the @ (it does not offer SMTPUTF8)."
            )
        return session

    def _connected(self) -> SmtpSession:
        if self._session is None:
            self._session = open_session(self._settings, self._context, self._ehlo, self._hold)
        return self._session

    def _hold(self, connected: socket.socket) -> None:
        self._socket = connected

    def _begin(
        self,
        session: SmtpSession,
        envelope: Envelope,
        size: int,
        on_begin: Callable[[], None],
    ) -> SmtpSession:
        """Introduce the message; once more on a new connection where the idle one was closed.

        Servers say 421 before they close a connection that was idle for long or had its share of
        messages. Whether the server as a whole is closing, only a new connection can tell.
        """
        if session.idled:
            try:
                self._introduce(session, envelope, size)
                return session
            except ConnectionClosed:
                pass
            except _Unexpected as answer:
                if (answer.stage, answer.reply.code) != ("MAIL", _CLOSING):
                    raise
            self._drop()
            session = self._ready(envelope)
            on_begin()  # connecting may have taken long
        session.idled = True
        self._introduce(session, envelope, size)
        return session

    def _introduce(self, session: SmtpSession, envelope: Envelope, size: int) -> None:
        """Say MAIL, RCPT and DATA, all at once where the server takes that (RFC 2920)."""
        commands = (
            _mail_command(session, envelope, size),
            f"RCPT TO:<{envelope.recipient}>",
            "DATA",
        )
        if "PIPELINING" in session.extensions:
            self._introduce_at_once(session, commands)
            return
        for (stage, kind), command in zip(_STAGES, commands, strict=True):
            _expect(kind, session.ask(command), stage)

    def _introduce_at_once(self, session: SmtpSession, commands: Sequence[str]) -> None:
        answers = session.ask_all(commands)
        try:
            for (stage, kind), reply in zip(_STAGES, answers, strict=True):
                _expect(kind, reply, stage)
        except _Unexpected:
            self._hear_out(answers)
            raise

    def _hear_out(self, answers: Iterator[Reply]) -> None:
        """Read what is answered after a refusal; give up a server that waits for data even so."""
        with suppress(ConnectionBroken):
            if not any([reply.code // 100 == 3 for reply in answers]):  # noqa: C419 - all of them
                return
        self._drop()

    def _outcome(self, answer: _Unexpected) -> Exception:
        """Return what an unexpected answer means, and make ready for the next message."""
        server, code, text = self._settings.server, answer.reply.code, str(answer)
        if code == _CLOSING:
            self._drop()
            return NoConnection(f"The mail server {server} takes no more mail: {text}.")
        if code in _LOG_IN_FIRST and answer.stage != _END:
            self._drop()
            return ConfigError(
                f"{self._settings.source}: the mail server {server} wants a user name and "
                f"password, or encryption: {text}."
            )
        if answer.stage == "MAIL":
            return self._refused_sender(answer)
        if code < 400:
            self._drop()
            lost = AcceptanceUnknown if answer.stage == _END else MessageDeferred
            return lost(f"{server} gives an answer that makes no sense: {text}", code=code)
        self._reset()
        return (MessageRefused if code >= 500 else MessageDeferred)(text, code=code)

    def _refused_sender(self, answer: _Unexpected) -> Exception:
        """Return what an answer to MAIL means: it is about the sender or the server (RFC 5321).

        But for its SIZE, which is this message's.
        """
        session, code, text = self._session, answer.reply.code, str(answer)
        if code < 500:
            self._drop()
            return MailServerUnavailable(
                f"The mail server {self._settings.server} takes no mail now: {text}."
            )
        is_too_large = "SIZE" in session.extensions if session is not None else False
        self._reset()
        if is_too_large and _TOO_LARGE.match(answer.reply.words):
            return MessageRefused(text, code=code)
        return SenderRefused(text, code=code)

    def _reset(self) -> None:
        """Make the connection ready for another message, or give it up."""
        session, self._session = self._session, None
        if session is None:
            return
        with suppress(ConnectionBroken):
            if session.ask("RSET").code == 250:
                self._session = session
                return
        session.wire.close()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._session = None


class _Unexpected(Exception):
    """The server's answer at `stage` is not the one that carries the dialogue on."""

    def __init__(self, stage: str, reply: Reply) -> None:
        self.stage = stage
        self.reply = reply
        super().__init__(f"{reply.words} (at {stage})")


def _expect(kind: int, reply: Reply, stage: str) -> Reply:
    if reply.code // 100 != kind:
        raise _Unexpected(stage, reply)
    return reply


def _mail_command(session: SmtpSession, envelope: Envelope, size: int) -> str:
    command = f"MAIL FROM:<{envelope.sender}>"
    if "SIZE" in session.extensions:
        command += f" SIZE={size}"
    return f"{command} BODY=8BITMIME SMTPUTF8" if envelope.utf8 else command


def _dotted(envelope: Envelope) -> bytes:
    """Return the data as it goes over the wire: CRLF alone ends lines, dots doubled, end marked.

    A bare CR or LF must not reach the server: some take it for a line end, and what follows for
    the end of the message and new commands.
    """
    data = envelope.data
    if envelope.clean:
        return data + b".\r\n"
    if not data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n"):
        data = _LINE_BREAK.sub(b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"
