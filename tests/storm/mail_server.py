"""Starts the sink and talks to it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.program import ROOT
from tests.storm.hold import Hold

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Mail:
    """A message that the sink took responsibility for."""

    recipient: str
    subject: str
    code: str | None  # the coupon in it


class MailServer:
    """The sink, seen from the storm."""

    def __init__(self, process: subprocess.Popen[str], file: Path) -> None:
        self._process = process
        self._file = file
        self._read = 0
        self._hold: Hold | None = None
        self._name = ""
        self._settled: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.port = int(self._line().removeprefix("port "))
        threading.Thread(target=self._listen, daemon=True).start()

    def url(self, name: str) -> str:
        """Return the mail URL of a run that greets with `name`."""
        return f"smtp://127.0.0.1:{self.port}?starttls=never&ehlo={name}"

    def hold(self, name: str, stage: str, turn: int) -> Hold:
        """Hold run `name` when it comes to `stage` for the `turn`-th time."""
        self._name = name
        self._hold = Hold(let_go=lambda: self._say("go"))
        self._say(f"arm {name} {stage} {turn}")
        return self._hold

    def hold_again(self, stage: str) -> Hold:
        """Hold the same run when it next comes to `stage`."""
        return self.hold(self._name, stage, 1)

    def settle(self) -> None:
        """Return when every dialogue has ended, and what was accepted is written down."""
        self._say("settle")
        self._settled.get(timeout=_PATIENCE)

    def new_mails(self) -> list[Mail]:
        """Return what was accepted since this was last asked."""
        with self._file.open("rb") as lines:
            lines.seek(self._read)
            mails = [Mail(**json.loads(line)) for line in lines]
            self._read = lines.tell()
        return mails

    def _listen(self) -> None:
        while line := self._line():
            if line == "settled":
                self._settled.put(None)
            elif self._hold is not None:
                (self._hold.reached if line == "at" else self._hold.passed).set()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip()

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()


@contextmanager
def mail_server(folder: Path, seed: int) -> Iterator[MailServer]:
    """Start a sink that keeps its mails in `folder`, and stop it at the end."""
    file = folder / "accepted.jsonl"
    file.touch()
    command = [sys.executable, "-m", "tests.storm.sink", str(file), str(seed)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield MailServer(process, file)
        finally:
            process.kill()
