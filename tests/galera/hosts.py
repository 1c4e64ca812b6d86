"""Machines that run segmail by cron, each with a node, a state directory and a log of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import URL

from tests.program import ROOT, run

MINUTE = timedelta(minutes=1)


@dataclass
class Host:
    """One machine; `codes` are how its runs ended."""

    url: URL
    folder: Path
    smtp_url: str
    codes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def run(self, command: str, now: datetime, *options: str) -> dict[str, int]:
        """Run a job once and return what it counted; {} where it did not get that far."""
        self.folder.mkdir(exist_ok=True)
        env = {"SEGMAIL_SMTP_URL": self.smtp_url}
        told = run(self.url, self.folder, "--now", f"{now:%Y-%m-%d %H:%M:%S}", command, "--json",
                   *options, env=env)  # fmt: skip
        self.codes.append(told.returncode)
        if told.returncode:
            self.errors.append(told.stderr.strip())
        return json.loads(told.stdout) if told.stdout else {}

    def run_until_idle(self, now: datetime, *options: str) -> None:
        """Run `process-emails` again and again, until it finds nothing to do or fails.

        Each run is a second later than the one before, as far as the program can know.
        """
        while True:
            told = self.run("process-emails", now, *options)
            if not any(told.get(name, 0) for name in ("sent", "skipped", "failed", "deferred")):
                return
            now += timedelta(seconds=1)

    def log(self) -> str:
        return (self.folder / "segmail.log").read_text()


def at_once(*work: Callable[[], object]) -> None:
    """Do several things at the same time; raise what one of them raises."""
    faults: list[BaseException] = []

    def guarded(one: Callable[[], object]) -> None:
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - raised below
            faults.append(error)

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


@contextmanager
def sink(file: Path) -> Iterator[str]:
    """Start the mail server of `sink.py` and yield its URL."""
    command = [sys.executable, "-m", "tests.galera.sink", str(file)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"smtp://127.0.0.1:{process.stdout.readline().strip()}?starttls=never"
