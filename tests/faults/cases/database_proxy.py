"""A proxy before the database server that cuts a connection at any statement of a run."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import URL

_QUERY = 3  # COM_QUERY
_MOST = 1 << 20


class Cut(Enum):
    """Where a statement's connection breaks."""

    BEFORE = auto()  # the server never sees the statement
    AFTER = auto()  # it carries it out, and its answer is lost


Decision = Callable[[str], Cut | None]  # what to do at a statement; called for each, in order


@contextmanager
def database_proxy(server: URL, folder: Path, decide: Decision) -> Iterator[URL]:
    """Listen in front of the server and yield the URL of the same database through the proxy."""
    path = str(folder / "proxy")
    pairs: list[_Pair] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def accept() -> None:
            with suppress(OSError):  # the listener is shut down at the end
                while True:
                    pair = _Pair(listener.accept()[0], _connect(server), decide)
                    pairs.append(pair)
                    pair.start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            # What it forwards it also reads, so nobody may take up the TLS that a server offers.
            to_proxy = {"unix_socket": path, "ssl_disabled": "true"}
            yield server.set(host=None, port=None).update_query_dict(to_proxy)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for pair in pairs:
                pair.end()


class _Pair:
    """A client's connection and the one to the server behind it."""

    def __init__(self, client: socket.socket, server: socket.socket, decide: Decision) -> None:
        self._client = client
        self._server = server
        self._decide = decide
        self._swallows = threading.Event()
        self._answered = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._ask, self._answer)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._break()
        for thread in self._threads:
            thread.join()
        self._client.close()
        self._server.close()

    def _ask(self) -> None:
        """Forward what the client says, packet by packet."""
        with suppress(OSError, EOFError):
            while True:
                head = _read(self._client, 4)
                body = _read(self._client, int.from_bytes(head[:3], "little"))
                is_query = head[3] == 0 and body[:1] == bytes([_QUERY])
                cut = self._decide(body[1:].decode("utf-8", "replace")) if is_query else None
                if cut is Cut.BEFORE:
                    break
                if cut is Cut.AFTER:
                    self._swallows.set()
                self._server.sendall(head + body)
                if cut is Cut.AFTER:
                    self._answered.wait()
                    break
        self._break()

    def _answer(self) -> None:
        with suppress(OSError):
            while (data := self._server.recv(_MOST)) and not self._swallows.is_set():
                self._client.sendall(data)
        self._answered.set()
        if not self._swallows.is_set():
            self._break()

    def _break(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _connect(url: URL) -> socket.socket:
    path = url.query.get("unix_socket")
    if path is None:
        return socket.create_connection((url.host or "127.0.0.1", url.port or 3306))
    end = socket.socket(socket.AF_UNIX)
    end.connect(str(path))
    return end
