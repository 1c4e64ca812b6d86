"""The SMTP connection as lines: what is sent, what is answered, and how it can break.

It is not `smtplib`, whose time-outs begin anew with each packet, so that a slow server could
outlast the lease on a row; which does not tell how much of a message had left when a connection
broke; reads replies without end; and cannot log in with a password beyond ASCII.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from segmail.transport.mailer import short_line

_LONGEST_LINE = 2048  # RFC 5321 allows 512 with a reply's CRLF; some servers are wordier
_MOST_LINES = 100
_CHUNK = 16384  # also the largest TLS record: bytes not begun to be written have not left
_TLS_ALERT = b"\x15\x03"  # what a port that is encrypted from the start may say to plain words
_END = 2  # bytes after the dot that ends a message
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})([ -].*)?", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """A server's answer: its code, and its lines without the code."""

    code: int
    lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """The answer as one printable, bounded line, code first."""
        return short_line(f"{self.code} {' '.join(self.lines)}")


class ConnectionBroken(Exception):
    """The connection can no longer be used; the text continues the server's name."""


class ConnectionClosed(ConnectionBroken):
    """The server closed it."""


class ReplyReader:
    """Takes what a server sends as it arrives, and returns its answers one by one."""

    def __init__(self) -> None:
        self._received = b""
        self._lines: list[str] = []  # of an answer that is not complete

    @property
    def has_more(self) -> bool:
        """Whether the server has sent more than was taken."""
        return bool(self._received or self._lines)

    def feed(self, received: bytes) -> None:
        """Add what was received."""
        self._received += received

    def take(self) -> Reply | None:
        """Return the next answer once it is complete; it may have several lines.

        Raises ConnectionBroken if it is not a valid answer.
        """
        while (end := self._received.find(b"\n")) >= 0:
            line, self._received = self._received[:end], self._received[end + 1 :]
            match = _REPLY_LINE.fullmatch(line := line.rstrip(b"\r"))
            if match is None:
                raise ConnectionBroken(f"does not speak SMTP: {short_line(_decoded(line))!r}")
            rest = match[2] or b" "
            self._lines.append(_decoded(rest[1:]))
            if not rest.startswith(b"-"):
                lines, self._lines = self._lines, []
                return Reply(int(match[1]), tuple(lines))
            if len(self._lines) >= _MOST_LINES:
                break
        if len(self._received) > _LONGEST_LINE or len(self._lines) >= _MOST_LINES:
            raise ConnectionBroken("answers without end")
        return None


class Wire:
    """A connection to a mail server; every wait has a limit, whatever the server does."""

    def __init__(
        self, connected: socket.socket, on_socket: Callable[[socket.socket], None]
    ) -> None:
        # Nagle's algorithm and delayed acknowledgement would wait 40 ms for each other.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._on_socket = on_socket
        self.reader = ReplyReader()
        self.has_heard = False  # anything in the language that it speaks itself

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def last_bytes(self) -> int:
        """How many bytes of a message may be unwritten although its end may have left.

        In TLS a record that was begun to be written may arrive as a whole.
        """
        return _CHUNK if self.encrypted else _END

    def encrypt(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        """Continue in TLS; raises `ssl.SSLError` if the two sides cannot agree."""
        if self.reader.has_more:
            # Text from before the handshake would be taken for the encrypted server's.
            raise ConnectionBroken("spoke before the encryption it had promised")
        try:
            self._socket.settimeout(_left(deadline))
            wrapped = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
            self._socket = wrapped
            self._on_socket(wrapped)
            wrapped.do_handshake()
            self.has_heard = True
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise _broken(error) from error  # hung up, which is not a disagreement
        except ssl.SSLError:
            raise
        except OSError as error:
            raise _broken(error) from error

    def ask(self, command: str, deadline: float) -> Reply:
        """Send one command and return its answer."""
        if self.reader.has_more:
            # It would be taken for the answer to this command.
            raise ConnectionClosed("answered more than it was asked")
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(f"{command}\r\n".encode())
        except OSError as error:
            raise _broken(error) from error
        return self.read_reply(deadline)

    def read_reply(self, deadline: float) -> Reply:
        """Return the next answer."""
        while (reply := self.reader.take()) is None:
            try:
                self._socket.settimeout(_left(deadline))
            except OSError as error:
                raise _broken(error) from error
            received = self.read_now()
            self.reader.feed(received)
            self.has_heard = self.has_heard or not received.startswith(_TLS_ALERT)
        return reply

    @property
    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def has_more(self) -> bool:
        """Whether TLS holds bytes that came and were not read: the descriptor does not tell."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def never_wait(self) -> None:
        """Let `write_now` and `read_now` return at once from now on."""
        self._socket.setblocking(False)

    def write_now(self, data: memoryview) -> int:
        """Send the beginning of `data`, as much as leaves at once; return how many bytes."""
        try:
            return self._socket.send(data[:_CHUNK] if self.encrypted else data)
        except _NOT_NOW:
            return 0
        except OSError as error:
            raise _broken(error) from error

    def read_now(self) -> bytes:
        """Return what the server has sent; empty if there is nothing yet."""
        try:
            received = self._socket.recv(_CHUNK)
        except _NOT_NOW:
            return b""
        except OSError as error:
            raise _broken(error) from error
        if not received:
            raise ConnectionClosed("closed the connection")
        return received

    def shut_down(self) -> None:
        """Close it for whoever waits for the server."""
        with suppress(OSError):  # it may be closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()


def connect(
    host: str, port: int, deadline: float, on_socket: Callable[[socket.socket], None]
) -> Wire:
    """Connect to the first address of the host that answers.

    Each address gets its share of the time, so that a dead one cannot use it all up. Raises OSError
    of the last one tried.
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
