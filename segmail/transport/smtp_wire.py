"""The SMTP connection as lines: what is said, what is answered, and how it can break.

Not `smtplib`: its time-outs begin anew with each packet, so that a server that dribbles could
outlast the lease on a row; it does not tell how much of a message had left when a connection
broke; it reads replies without end; and it cannot log in with a password beyond ASCII.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from segmail.transport.mailer import printable

_LONGEST_LINE = 2048  # RFC 5321 allows 512 with a reply's CRLF; some servers are wordier
_MOST_LINES = 100
_CHUNK = 16384  # also the largest TLS record: what was not begun to be written has not left
_END = 2  # bytes after the dot that ends a message
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})([ -].*)?", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """A server's answer: its code and its lines without it."""

    code: int
    lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """The answer as one printable, bounded line, code first."""
        return printable(f"{self.code} {' '.join(self.lines)}")


class ConnectionBroken(Exception):
    """The connection is of no more use; the text continues the server's name.

    `stage` is the command that it broke at, where one was asked.
    """

    stage: str | None = None


class ConnectionClosed(ConnectionBroken):
    """The server closed it."""


class AnswerLost(ConnectionBroken):
    """It broke when all of a message may have left, before the answer to that."""


class Wire:
    """One connection to a mail server; every wait has an end, whatever the server does."""

    def __init__(
        self, connected: socket.socket, on_socket: Callable[[socket.socket], None]
    ) -> None:
        # Nagle's algorithm and delayed acknowledgement would wait 40 ms for each other.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._on_socket = on_socket
        self._received = b""
        self._unsent = 0
        self.has_heard = False  # anything at all

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def may_have_sent_all(self) -> bool:
        """Whether the server may see the last write as complete: its end has begun to leave."""
        return self._unsent <= (_CHUNK if self.encrypted else _END)

    def encrypt(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        """Go on in TLS; raises `ssl.SSLError` where the two sides cannot agree."""
        if self._received:
            # Words from before the handshake would be taken for the encrypted server's.
            raise ConnectionBroken("spoke before the encryption it had promised")
        try:
            self._socket.settimeout(_left(deadline))
            wrapped = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
            self._socket = wrapped
            self._on_socket(wrapped)
            wrapped.do_handshake()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise _broken(error) from error  # hung up, which is no disagreement
        except ssl.SSLError:
            raise
        except OSError as error:
            raise _broken(error) from error

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of `data`; what was answered before must have been read."""
        self._unsent = len(data)
        if self._received:
            # Taken for the answer to what comes next, it could make a refusal an acceptance.
            raise ConnectionClosed("answered more than it was asked")
        rest = memoryview(data)
        try:
            while rest:
                self._unsent = len(rest)
                self._socket.settimeout(_left(deadline))
                rest = rest[self._socket.send(rest[:_CHUNK] if self.encrypted else rest) :]
        except OSError as error:
            raise _broken(error) from error
        self._unsent = 0

    def read_reply(self, deadline: float) -> Reply:
        """Return the next answer, which may have several lines."""
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            line = self._read_line(deadline)
            match = _REPLY_LINE.fullmatch(line)
            if match is None:
                raise ConnectionBroken(f"does not speak SMTP: {printable(_decoded(line))!r}")
            rest = match[2] or b" "
            lines.append(_decoded(rest[1:]))
            if not rest.startswith(b"-"):
                return Reply(int(match[1]), tuple(lines))
        raise ConnectionBroken("answers without end")

    def close(self) -> None:
        self._socket.close()

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > _LONGEST_LINE:
                raise ConnectionBroken("answers without end")
            self._received += self._read_some(deadline)
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")

    def _read_some(self, deadline: float) -> bytes:
        try:
            self._socket.settimeout(_left(deadline))
            received = self._socket.recv(4096)
        except OSError as error:
            raise _broken(error) from error
        if not received:
            raise ConnectionClosed("closed the connection")
        self.has_heard = True
        return received


def connect(
    host: str, port: int, deadline: float, on_socket: Callable[[socket.socket], None]
) -> Wire:
    """Connect to the first address of the host that answers.

    Each address gets its share of the time, so that a dead one cannot use up all of it.
    Raises OSError of the last one tried.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError("the host has no address")
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(_left(deadline) / (len(found) - tried))
            on_socket(opened)
            opened.connect(address)
            return Wire(opened, on_socket)
        except OSError as error:
            opened.close()
            failure = error
    raise failure


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _broken(error: OSError) -> ConnectionBroken:
    if isinstance(error, TimeoutError):
        return ConnectionBroken("did not answer in time")
    return ConnectionClosed("closed the connection")


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace")
