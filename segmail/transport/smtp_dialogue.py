"""The SMTP dialogue of one connection without its socket: bytes come in, bytes and events go out.

If the server takes commands in groups (PIPELINING, RFC 2920), MAIL, RCPT and DATA are sent at once,
right behind the content of the previous message: one round trip per message. Only its content can
leave a message in doubt, and the next content is sent only after the answer to this one. So at most
one message of a connection is in doubt.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from segmail.errors import ConfigError, MailServerUnavailable, MessageError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    Answered,
    Event,
    GoAhead,
    MessageDeferred,
    MessageRefused,
    NoConnection,
    NotBegun,
    SenderRefused,
    is_about_client,
    is_about_login,
    is_about_sender,
)
from segmail.transport.smtp_wire import ConnectionBroken, ConnectionClosed, Reply, ReplyReader

_END = "end of data"
_UNASKED = "answered more than it was asked"
_AS_HOPED = {"MAIL": 2, "RCPT": 2, "DATA": 3, _END: 2}  # the first digit of an answer
_CLOSING = 421
# The words of servers that limit connections and do not answer 421, at any command.
_TOO_MANY = re.compile(
    r"4\d\d .*((too many|concurrent|simultaneous).*(connection|session)|thread limit)", re.I
)
_TOO_LARGE = re.compile(r"552(?! 5\.(?!3\.4)\d)")  # RFC 1870: to MAIL, about this message


@dataclass
class _Introduced:
    """A message whose commands are being sent, and the commands still to be sent."""

    envelope: Envelope
    content: bytes
    may_try_again: bool  # on another connection, should the server close this one
    commands: deque[str] = field(default_factory=deque)
    is_refused: bool = False


class SmtpDialogue:
    """The dialogue on an open connection, message by message.

    `last_bytes` is how many bytes of a message may be unsent although its end may have left.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        extensions: Mapping[str, str],
        reader: ReplyReader,
        *,
        last_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._extensions = extensions
        self._reader = reader
        self._last_bytes = last_bytes
        self._clock = clock
        self._asked: deque[str] = deque()  # stages whose answers are still to come
        self._introduced: _Introduced | None = None
        self._handed_over: Envelope | None = None
        self._content_left = 0  # bytes that have not left yet
        self.output = memoryview(b"")
        self.deadline = math.inf  # of the next answer, if one is to come
        self.is_over = False  # the connection is to be closed
        self.may_be_stale = False  # servers close connections that idled, or had enough messages

    @property
    def is_idle(self) -> bool:
        """Whether a message may be introduced now."""
        return not (self._asked or self._introduced or self.is_over)

    @property
    def takes_next(self) -> bool:
        """Whether a message may be introduced behind the content that was just handed over."""
        return "PIPELINING" in self._extensions and not self._introduced and not self.is_over

    def introduce(self, envelope: Envelope) -> None:
        """Send MAIL, RCPT and DATA, all at once if the server takes that.

        Raises MessageError if the server says that it cannot take the address, or so many bytes.
        """
        self._check(envelope)
        content = envelope.data + b".\r\n"
        self._introduced = _Introduced(envelope, content, self.may_be_stale)
        self.may_be_stale = True
        command = f"MAIL FROM:<{envelope.sender}>"
        if "SIZE" in self._extensions:
            command += f" SIZE={len(content)}"
        if envelope.utf8:
            command += " BODY=8BITMIME SMTPUTF8"
        commands = [command, f"RCPT TO:<{envelope.recipient}>", "DATA"]
        if "PIPELINING" in self._extensions:
            self._say(*commands)
        else:
            self._say(commands.pop(0))
            self._introduced.commands.extend(commands)

    def hand_over(self) -> None:
        """Send the content of the introduced message, after its GoAhead."""
        if self._introduced is None:
            raise AssertionError("nothing was introduced")
        message, self._introduced = self._introduced, None
        self._handed_over = message.envelope
        self._write(message.content, [_END])
        self._content_left = len(self.output)

    def drop(self) -> None:
        """End the dialogue before the content of the introduced message."""
        self.is_over, self._introduced = True, None

    def sent(self, count: int) -> None:
        """Note that the beginning of `output` has been sent."""
        self.output = self.output[count:]
        self._content_left = max(0, self._content_left - count)

    def receive(self, received: bytes) -> list[Event]:
        """Take in what the server sends; return the events that it means."""
        self._reader.feed(received)
        events: list[Event] = []
        try:
            while not self.is_over and (reply := self._reader.take()) is not None:
                if not self._asked:
                    raise ConnectionClosed(_UNASKED)
                stage = self._asked.popleft()
                self._set_deadline()
                # Taken for the answer to the next command, it could turn a refusal into an
                # acceptance.
                is_too_much = not self._asked and self._reader.has_more
                events += self._hear(stage, reply, may_go_ahead=not is_too_much)
                if is_too_much:
                    raise ConnectionClosed(_UNASKED)
        except ConnectionBroken as error:
            events += self.broken(error)
        return events

    def broken(self, error: ConnectionBroken) -> list[Event]:
        """Return the outcomes of the messages under way when the connection breaks."""
        self.is_over = True
        stage = self._asked[0] if self._asked else "DATA"
        server, text = self._settings.server, f"{error} (at {stage})"
        events: list[Event] = []
        if self._handed_over is not None:
            may_be_there = self._content_left <= self._last_bytes
            kind = AcceptanceUnknown if may_be_there else MessageDeferred
            events.append(Answered(self._handed_over, kind(f"{server} {text}")))
        message, self._introduced = self._introduced, None
        if message is None or message.is_refused:
            return events
        is_its_own = self._handed_over is None
        self._handed_over = None
        is_closed = isinstance(error, ConnectionClosed)
        if not is_its_own or (is_closed and message.may_try_again):
            events.append(NotBegun(message.envelope))
        elif stage == "MAIL":
            fault = NoConnection(f"The mail server {server} {text}.")
            events.append(Answered(message.envelope, fault))
        else:
            events.append(Answered(message.envelope, MessageDeferred(f"{server} {text}")))
        return events

    def _hear(self, stage: str, reply: Reply, *, may_go_ahead: bool) -> Iterator[Event]:
        is_hoped = reply.code // 100 == _AS_HOPED.get(stage)
        if stage == "RSET":
            self.is_over = reply.code != 250
        elif stage == _END and self._handed_over is not None:
            envelope, self._handed_over = self._handed_over, None
            yield Answered(
                envelope, Accepted(reply.words) if is_hoped else self._fault(stage, reply)
            )
            if self.is_over and self._introduced:
                yield NotBegun(self._introduced.envelope)
                self._introduced = None
            elif not is_hoped and not self._introduced:
                self._say("RSET")
        elif self._introduced is not None:
            yield from self._hear_of(self._introduced, stage, reply, is_hoped, may_go_ahead)

    def _hear_of(
        self,
        message: _Introduced,
        stage: str,
        reply: Reply,
        is_hoped: bool,
        may_go_ahead: bool,
    ) -> Iterator[Event]:
        """Read the answers to the commands that introduce a message."""
        if message.is_refused:
            # A server that wants data all the same cannot be told that there are none.
            self.is_over = self.is_over or (stage == "DATA" and is_hoped)
        elif not is_hoped:
            message.is_refused = True
            message.commands.clear()
            if (stage, reply.code) == ("MAIL", _CLOSING) and message.may_try_again:
                self.is_over = True
                yield NotBegun(message.envelope)
            else:
                yield Answered(message.envelope, self._fault(stage, reply))
        elif message.commands and may_go_ahead:
            self._say(message.commands.popleft())
        elif stage == "DATA" and may_go_ahead:
            yield GoAhead(message.envelope)
        if message.is_refused and not self._asked and not self.is_over:
            self._introduced = None
            self._say("RSET")

    def _fault(self, stage: str, reply: Reply) -> Exception:
        """Return the meaning of an answer other than the one that continues the dialogue."""
        server, code = self._settings.server, reply.code
        text = f"{reply.words} (at {stage})"
        if code == _CLOSING or _TOO_MANY.match(reply.words):
            self.is_over = True
            return NoConnection(f"The mail server {server} takes no more mail: {text}.")
        if is_about_login(code, after_content=stage == _END):
            self.is_over = True
            return ConfigError(
                f"{self._settings.source}: the mail server {server} wants a user name and "
                f"password, or encryption: {text}."
            )
        about_client = stage != "MAIL" and is_about_client(reply.words)
        if about_client or stage == "MAIL" or is_about_sender(reply.words):
            return self._fault_of_all(reply, text, about_client=about_client)
        if code < 400:
            self.is_over = True
            lost = AcceptanceUnknown if stage == _END else MessageDeferred
            return lost(f"{server} gives an answer that makes no sense: {text}", code=code)
        return (MessageRefused if code >= 500 else MessageDeferred)(text, code=code)

    def _fault_of_all(self, reply: Reply, text: str, *, about_client: bool) -> Exception:
        """Return the meaning of an answer that is about this host, the sender or the server.

        Those to MAIL are (RFC 5321), except one about SIZE: that is about this message.
        """
        server = self._settings.server
        self.is_over = about_client or reply.code < 500
        if reply.code < 500:
            return MailServerUnavailable(f"The mail server {server} takes no mail now: {text}.")
        if about_client:  # for good: a person must act
            return ConfigError(
                f"{self._settings.source}: the mail server {server} takes no mail of this host, or "
                f"wants a user name and password: {text}."
            )
        if "SIZE" in self._extensions and _TOO_LARGE.match(reply.words):
            return MessageRefused(text, code=reply.code)
        return SenderRefused(text, code=reply.code)

    def _check(self, envelope: Envelope) -> None:
        server, most = self._settings.server, self._extensions.get("SIZE", "")
        if most.isdigit() and 0 < int(most) < len(envelope.data):
            raise MessageError(
                f"The message has {len(envelope.data):,} bytes; the mail server "
                f"{server} takes at most {int(most):,} (it says SIZE {most})."
            )
        if envelope.utf8 and "SMTPUTF8" not in self._extensions:
            raise MessageError(
                f"The mail server {server} takes no address with characters "
                "beyond ASCII before the @ (it does not offer SMTPUTF8)."
            )

    def _say(self, *commands: str) -> None:
        text = "".join(f"{command}\r\n" for command in commands)
        self._write(text.encode(), [command.partition(" ")[0] for command in commands])

    def _write(self, data: bytes, stages: list[str]) -> None:
        is_first = not self._asked
        self._asked.extend(stages)
        if is_first:
            self._set_deadline()
        self.output = memoryview(bytes(self.output) + data if self.output else data)

    def _set_deadline(self) -> None:
        """Give the next answer its time; content gets twice that."""
        if not self._asked:
            self.deadline = math.inf
            return
        patience = self._settings.timeout * (2 if self._asked[0] == _END else 1)
        self.deadline = self._clock() + patience
