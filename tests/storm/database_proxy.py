"""A proxy before the database server: holds a run right before or after any statement of its own.

It forwards what both sides say, and reads on the way which transaction of the protocol (claim,
record, settle) each connection is in. Where it holds, nothing is forwarded any more: the program
is killed there, or sees its connection break.
"""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from tests.storm.hold import Hold

_QUERY = 3  # COM_QUERY

# The statements that begin each transaction, and the one that all of them write with.
_BEGINS = {
    "claim": re.compile(r"^SELECT .*\.created_at, .*FOR UPDATE", re.DOTALL),
    "record": re.compile(r"^SELECT \S*progress_id\s+FROM .*FOR UPDATE", re.DOTALL),
    "settle": re.compile(r"^SELECT \S*queue_id, \S*queue_status\b.*FOR UPDATE", re.DOTALL),
}
_WRITES = re.compile(r"^UPDATE \S*customer_segment_sequence_progress")


@dataclass
class _Wanted:
    """Where to hold: `when` is `begin`, `written`, `commit` or `committed`."""

    transaction: str
    when: str
    turn: int
    passing: bool  # only tell
    hold: Hold
    go: threading.Event


class DatabaseProxy:
    """Listens on a socket of its own in front of the server."""

    def __init__(self, listener: socket.socket, server: URL) -> None:
        self._listener = listener
        self._server = server
        self._lock = threading.Lock()
        self._wanted: _Wanted | None = None

    def hold(self, transaction: str, when: str, turn: int, *, passing: bool = False) -> Hold:
        """Hold at the `turn`-th time that a connection comes there; `passing`: only tell of it."""
        go = threading.Event()
        hold = Hold(let_go=go.set)
        with self._lock:
            self._wanted = _Wanted(transaction, when, turn, passing, hold, go)
        return hold

    def disarm(self) -> None:
        """Hold nowhere any more."""
        with self._lock:
            self._wanted = None

    def serve(self) -> None:
        """Accept connections until the socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def passes(self, transaction: str, when: str) -> bool:
        """Return whether a connection may go on; waits where it is to be held, then: no."""
        with self._lock:
            wanted = self._wanted
            if wanted is None or (wanted.transaction, wanted.when) != (transaction, when):
                return True
            wanted.turn -= 1
            if wanted.turn:
                return True
            self._wanted = None
        wanted.hold.reached.set()
        if wanted.passing:
            return True
        wanted.go.wait()
        return False

    def _forward(self, client: socket.socket) -> None:
        with client, _connected(self._server) as server, suppress(OSError):
            _Forwarding(self, client, server).run()


@dataclass
class _Forwarding:
    """One connection; MySQL's protocol is strictly question and answer."""

    proxy: DatabaseProxy
    client: socket.socket
    server: socket.socket
    _asked: bytes = b""
    _transaction: str = ""
    _answer: str = ""  # what the server is being asked: `written`, `committed` or ""

    def run(self) -> None:
        while True:
            for ready in select.select([self.client, self.server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if not (self._ask(data) if ready is self.client else self._reply(data)):
                    return

    def _ask(self, data: bytes) -> bool:
        """Forward whole packets, so that what is held has not left in part."""
        self._asked += data
        while len(self._asked) >= 4:
            size = 4 + struct.unpack("<I", self._asked[:3] + b"\0")[0]
            if len(self._asked) < size:
                break
            packet, self._asked = self._asked[:size], self._asked[size:]
            if packet[3] == 0 and packet[4] == _QUERY and not self._query(packet[5:]):
                return False
            self.server.sendall(packet)
        return True

    def _query(self, statement: bytes) -> bool:
        sql, self._answer = statement[:4000].decode("utf-8", "replace"), ""
        if sql == "ROLLBACK":
            self._transaction = ""
        if sql == "COMMIT":
            self._answer = "committed"
            return self.proxy.passes(self._transaction, "commit")
        begun = next((name for name, begins in _BEGINS.items() if begins.search(sql)), None)
        if begun is not None:
            self._transaction = begun
            return self.proxy.passes(begun, "begin")
        self._answer = "written" if _WRITES.match(sql) else ""
        return True

    def _reply(self, data: bytes) -> bool:
        answer, self._answer = self._answer, ""
        if answer and not self.proxy.passes(self._transaction, answer):
            return False
        if answer == "committed":
            self._transaction = ""
        self.client.sendall(data)
        return True


@contextmanager
def database_proxy(path: Path, server: URL) -> Iterator[tuple[DatabaseProxy, URL]]:
    """Yield a proxy that listens at `path`, and the URL of `server`'s database through it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        proxy = DatabaseProxy(listener, server)
        threading.Thread(target=proxy.serve, daemon=True).start()
        # What it forwards it also reads, so nobody may take up the TLS that a server offers.
        to_proxy = {"unix_socket": str(path), "ssl_disabled": "true"}
        yield proxy, server.set(host=None, port=None, query=to_proxy)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _connected(server: URL) -> socket.socket:
    if path := server.query.get("unix_socket"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        return connection
    return socket.create_connection((server.host or "127.0.0.1", server.port or 3306))
