"""A mail server in a process of its own, whose 250 means that the message is on the disk.

`python -m tests.galera.sink FILE` prints its port, appends a line `RECIPIENT` to FILE for each
message that it accepts, and ends when its stdin does.
"""

from __future__ import annotations

import os
import socketserver
import sys
import threading
from collections import Counter
from pathlib import Path

_GREETING = b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Dialogue(socketserver.StreamRequestHandler):
    """One connection: everything is taken."""

    server: Sink
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.wfile.write(b"220 sink.test ESMTP\r\n")
        recipient = ""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.wfile.write(_GREETING)
            elif verb == b"DATA":
                self.wfile.write(b"354 Go ahead\r\n")
                if not self._read_message():
                    return
                self.server.keep(recipient)
                self.wfile.write(b"250 Ok\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 Bye\r\n")
                return
            else:
                if verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                self.wfile.write(b"250 Ok\r\n")

    def _read_message(self) -> bool:
        """Read to the final dot; False where the connection ended before it."""
        while line := self.rfile.readline():
            if line == b".\r\n":
                return True
        return False


class Sink(socketserver.ThreadingTCPServer):
    """What the dialogues share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def keep(self, recipient: str) -> None:
        """Write down that a message was accepted; returns when that survives a crash."""
        os.write(self._descriptor, f"{recipient}\n".encode())
        os.fsync(self._descriptor)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone is nothing to talk about."""


def accepted(file: Path) -> Counter[str]:
    """Return how many messages each recipient was accepted for."""
    return Counter(file.read_text("ascii").split()) if file.exists() else Counter()


def main() -> None:
    """Serve until stdin is closed."""
    with Sink(Path(sys.argv[1])) as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        print(sink.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
