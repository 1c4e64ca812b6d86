"""A mail server in a process of its own: keeps what it accepts, can be held at each stage.

It is told on stdin what to do (`arm NAME STAGE TURN`, `go`, `settle`) and says on stdout where it
is (`port N`, `at`, `answered`, `settled`). NAME is what a run greets with, STAGE one of:

EHLO, MAIL, RCPT, DATA, RSET, QUIT    the command has come, its answer has not left
long                                  MAIL has come and announces a long message
middle                                a part of a long message has come
dot                                   the whole message has come and is not kept yet
kept                                  it is on disk, the 250 has not left
later                                 a 4xx has not left
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

_LONG = 60_000  # bytes of a message
_MIDDLE = 20_000
_SEGMENT = 536  # bytes; small segments make for small buffers, also on the loopback interface
_LATER = re.compile(r"-(rcpt|data)([0-9])@")  # customer7-rcpt2@…: twice "later" at RCPT
_SIZE = re.compile(r" SIZE=([0-9]+)")
_SUBJECT = re.compile(rb"^Subject: (.*?)\r?$", re.MULTILINE)
_CODE = re.compile(rb"CODE:([0-9A-Z]+)")


class Gate:
    """Lets dialogues pass, except one that was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: tuple[str, str] | None = None
        self._turn = 0
        self._held = threading.Event()

    def arm(self, name: str, stage: str, turn: int) -> None:
        """Hold a dialogue of `name` at the `turn`-th time that one is at `stage`."""
        with self._lock:
            self._wanted, self._turn = (name, stage), turn

    def disarm(self) -> None:
        with self._lock:
            self._wanted = None

    def go(self) -> None:
        """Let the dialogue that is held go on."""
        self._held.set()

    def reach(self, name: str, stage: str) -> bool:
        """Return at once, or when told to go on if this is where a dialogue is to be held."""
        with self._lock:
            if self._wanted != (name, stage):
                return False
            self._turn -= 1
            if self._turn:
                return False
            self._wanted = None
            self._held = held = threading.Event()
        tell("at")
        held.wait()
        return True


class House:
    """What all dialogues share."""

    def __init__(self, file: Path, seed: int) -> None:
        self.gate = Gate()
        self._random = random.Random(seed)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._deferred: dict[str, int] = {}
        self._lock = threading.Condition()
        self._open = 0

    def offers_pipelining(self) -> bool:
        with self._lock:
            return self._random.random() < 0.5

    def defers(self, recipient: str, stage: str) -> bool:
        """Return whether this recipient's message is to be tried again later."""
        wanted = _LATER.search(recipient)
        if wanted is None or wanted[1] != stage:
            return False
        with self._lock:
            times = self._deferred.get(recipient, 0)
            self._deferred[recipient] = times + 1
        return times < deferrals(recipient)

    def keep(self, recipient: str, data: bytes) -> None:
        """Write an accepted message down so that it survives; returns when it does."""
        # Quoted-printable may break a line before a value.
        subject, code = _SUBJECT.search(data), _CODE.search(data.replace(b"=\r\n", b""))
        line = {
            "recipient": recipient,
            "subject": subject[1].decode() if subject else "",
            "code": code[1].decode() if code else None,
        }
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        os.fsync(self._descriptor)

    def enter(self) -> None:
        with self._lock:
            self._open += 1

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            self._lock.notify_all()

    def wait_until_empty(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: not self._open)


class Dialogue:
    """One connection."""

    def __init__(self, connection: socket.socket, house: House) -> None:
        self._socket = connection
        self._house = house
        self._lines = connection.makefile("rb", buffering=1024)
        self._name = ""
        self._recipient = ""

    def run(self) -> None:
        with suppress(OSError):
            self._say("220 storm.test ESMTP")
            while line := self._lines.readline():
                self._follow(line.decode().rstrip("\r\n"))
        self._lines.close()
        self._socket.close()
        self._house.leave()

    def _follow(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb:
            case "EHLO":
                self._name = rest
                pipelining = "250-PIPELINING\r\n" if self._house.offers_pipelining() else ""
                self._answer("EHLO", f"250-storm.test\r\n{pipelining}250 SIZE")
            case "MAIL":
                size = _SIZE.search(line)
                if size and int(size[1]) > _LONG:
                    self._house.gate.reach(self._name, "long")
                self._recipient = ""
                self._answer("MAIL", "250 Ok")
            case "RCPT":
                self._recipient = rest.partition("<")[2].partition(">")[0]
                self._decide("rcpt", "RCPT")
            case "DATA" if self._recipient:
                self._answer("DATA", "354 Go ahead")
                self._take_message()
            case "DATA":
                self._say("503 No recipient")
            case "QUIT":
                self._answer("QUIT", "221 Bye")
            case _:
                self._recipient = ""
                self._answer(verb, "250 Ok")

    def _take_message(self) -> None:
        data, looked = bytearray(), False
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            data += line.removeprefix(b".")
            if len(data) > _MIDDLE and not looked:
                looked = True
                self._house.gate.reach(self._name, "middle")
        self._house.gate.reach(self._name, "dot")
        self._decide("data", "kept", bytes(data))
        self._recipient = ""

    def _decide(self, stage: str, name: str, data: bytes = b"") -> None:
        """Accept, or answer "later" and forget the recipient."""
        if self._house.defers(self._recipient, stage):
            self._recipient = ""
            self._answer("later", "451 4.3.0 Later")
            return
        if data:
            self._house.keep(self._recipient, data)
        self._answer(name, "250 Ok")

    def _answer(self, stage: str, text: str) -> None:
        held = self._house.gate.reach(self._name, stage)
        try:
            self._say(text)
        finally:
            if held:
                tell("answered")

    def _say(self, text: str) -> None:
        self._socket.sendall(f"{text}\r\n".encode())


def deferrals(recipient: str) -> int:
    """Return how often a recipient's messages are to be tried again later, all together."""
    wanted = _LATER.search(recipient)
    return int(wanted[2]) if wanted else 0


def tell(what: str) -> None:
    """Say to the storm what happened."""
    print(what, flush=True)


def main() -> None:
    """Serve until stdin is closed."""
    house = House(Path(sys.argv[1]), int(sys.argv[2]))
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    threading.Thread(target=_serve, args=(listener, house), daemon=True).start()
    tell(f"port {listener.getsockname()[1]}")
    for line in sys.stdin:
        match line.split():
            case ["arm", name, stage, turn]:
                house.gate.arm(name, stage, int(turn))
            case ["go"]:
                house.gate.go()
            case ["settle"]:
                house.gate.disarm()
                house.gate.go()
                house.wait_until_empty()
                tell("settled")


def _serve(listener: socket.socket, house: House) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        house.enter()
        threading.Thread(target=Dialogue(connection, house).run, daemon=True).start()


if __name__ == "__main__":
    main()
