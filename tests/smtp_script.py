"""One connection of a mail server that follows a script, faults included."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto


class Fault(Enum):
    """What a scripted server does instead of answering."""

    DROP = auto()  # closes the connection
    RESET = auto()  # closes it with a TCP reset
    HANG = auto()  # says nothing until the test is over
    DRIBBLE = auto()  # answers a few bytes at a time and never comes to an end
    PAUSE = auto()  # answers nothing for a moment and goes on


Answer = str | bytes | Fault  # a str is one or more lines, bytes go out as they are
Script = Mapping[str, Answer | Sequence[Answer]]

STAGES: Mapping[str, Answer] = {
    "greeting": "220 mail.test ESMTP",
    "EHLO": "250-mail.test\n250-8BITMIME\n250 SMTPUTF8",
    "HELO": "250 mail.test",
    "STARTTLS": "220 2.0.0 Ready to start TLS",
    "handshake": Fault.DROP,  # where the server has no certificate
    "AUTH": "235 2.7.0 Authentication successful",
    "response": "235 2.7.0 Authentication successful",  # to the line after a 334
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "body": b"",  # once the first line of a message has come
    "end": "250 2.0.0 Ok: queued",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}

ENDLESS: list[Answer] = [b"2" * 100_000, b"250-more\r\n" * 1000]
NO_ANSWER: list[Answer] = [
    *(fault for fault in Fault if fault is not Fault.PAUSE),
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x00\xff\r\n",
    b"999 what\r\n",
    *ENDLESS,
]  # every way to leave a command without one


@dataclass(frozen=True)
class Message:
    """One message as the server got it: dots undone, line ends untouched."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    data: bytes


@dataclass
class Server:
    """A running server. `messages` were accepted, `received` came in whole, accepted or not."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)  # scripted servers only
    connections: int = 0
    at_once: int = 0  # scripted servers only: the most that it served at the same time
    hanging: threading.Event = field(default_factory=threading.Event)  # a script's HANG began
    accepted: threading.Event = field(default_factory=threading.Event)  # the first message was

    def url(self, options: str = "", *, login: str = "", scheme: str = "smtp") -> str:
        """Return the server's mail URL; `login` is `user:password`, `options` follow the `?`."""
        account = f"{login}@" if login else ""
        return f"{scheme}://{account}127.0.0.1:{self.port}" + (f"?{options}" if options else "")


class ScriptedConnection:
    """Holds one dialogue until either side has had enough or the test is over."""

    def __init__(
        self,
        connection: socket.socket,
        script: Script,
        server: Server,
        over: threading.Event,
        context: ssl.SSLContext | None,
    ) -> None:
        self._socket = connection
        self._script = {**STAGES, **script}
        self._script_given = script.keys()
        self._turns = dict.fromkeys(self._script, 0)
        self._server = server
        self._over = over
        self._context = context
        self._lines = connection.makefile("rb")
        self._mail_from: str | None = None
        self._rcpt_to: list[str] = []

    def run(self) -> None:
        """Speak; the script's faults and the client's departure end it."""
        with suppress(OSError, _Ended):
            self._say(self._next("greeting"))
            challenged = False
            for line in self._commands():
                stage = "response" if challenged else line.partition(" ")[0].upper()
                answer = self._next(stage)
                self._say(answer)
                challenged = _is(answer, "334")
                if _is(answer, "2", "354"):
                    self._follow(stage, line)
        self._lines.close()
        self._socket.close()

    def hang_up(self) -> None:
        """End the dialogue from another thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _commands(self) -> Iterator[str]:
        while line := self._lines.readline():
            self._server.commands.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            yield self._server.commands[-1]

    def _next(self, stage: str) -> Answer:
        if stage in ("RCPT", "DATA") and stage not in self._script_given and self._lacks(stage):
            return "503 5.5.1 Bad sequence of commands"
        answers = self._script.get(stage, "500 5.5.2 What?")
        if isinstance(answers, str | bytes | Fault):
            return answers
        turn = self._turns[stage]
        self._turns[stage] += 1
        return answers[min(turn, len(answers) - 1)]

    def _lacks(self, stage: str) -> bool:
        """Tell whether what must come before a command was refused."""
        return self._mail_from is None if stage == "RCPT" else not self._rcpt_to

    def _say(self, answer: Answer) -> None:
        match answer:
            case Fault.DROP:
                raise _Ended
            case Fault.RESET:
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                raise _Ended
            case Fault.HANG:
                self._server.hanging.set()
                self._over.wait()
                raise _Ended
            case Fault.DRIBBLE | Fault.PAUSE:
                self._be_slow(for_ever=answer is Fault.DRIBBLE)
            case str():
                self._socket.sendall(answer.replace("\n", "\r\n").encode() + b"\r\n")
            case bytes():
                self._socket.sendall(answer)

    def _be_slow(self, *, for_ever: bool) -> None:
        if not for_ever:
            self._over.wait(0.1)
            return
        while not self._over.wait(0.02):
            self._socket.sendall(b"250-and\r\n")
        raise _Ended

    def _follow(self, stage: str, line: str) -> None:
        match stage:
            case "MAIL":
                self._mail_from, self._rcpt_to = _path(line), []
            case "RCPT":
                self._rcpt_to.append(_path(line))
            case "DATA":
                self._take_message()
            case "RSET":
                self._mail_from, self._rcpt_to = None, []
            case "STARTTLS":
                self._start_tls()
            case "QUIT":
                raise _Ended

    def _take_message(self) -> None:
        lines: list[bytes] = []
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                raise _Ended
            if not lines:
                self._say(self._next("body"))
            lines.append(line.removeprefix(b"."))
        message = Message(self._mail_from or "", tuple(self._rcpt_to), b"".join(lines))
        self._mail_from, self._rcpt_to = None, []
        answer = self._next("end")
        self._server.received.append(message)
        if _is(answer, "2"):
            self._server.messages.append(message)
            self._server.accepted.set()
        self._say(answer)

    def _start_tls(self) -> None:
        if self._context is None:
            self._socket.recv(4096)  # the client's hello
            self._say(self._next("handshake"))
        else:
            self._lines.close()
            self._socket = self._context.wrap_socket(self._socket, server_side=True)
            self._lines = self._socket.makefile("rb")


class _Ended(Exception):
    """The dialogue is over."""


def _is(answer: Answer, *starts: str) -> bool:
    return isinstance(answer, str) and answer.startswith(starts)


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
