"""One run of the real program, in a process group of its own: stopped, killed, waited for."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from tests.program import ROOT
from tests.storm.squeeze import squeeze

_PATIENCE = 120.0  # seconds that a run may take to end


@dataclass(frozen=True)
class Host:
    """A machine that runs the program: its state directory and its way to the database."""

    folder: Path
    url: URL


class Program:
    """A command of `segmail`, started."""

    def __init__(self, host: Host, smtp_url: str, now: datetime, command: Sequence[str]) -> None:
        self._output = host.folder / "output"
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "segmail",
                 "--now", f"{now:%Y-%m-%d %H:%M}", *command],
                env=_environment(host, smtp_url),
                stdout=output,
                stderr=output,
                cwd=host.folder,
                start_new_session=True,
            )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def let_work(self, seconds: float) -> None:
        """Wait so long, or until it has ended."""
        deadline = time.monotonic() + seconds
        while not self.has_ended and time.monotonic() < deadline:
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop every process of the run where it is; return when they stand still."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        while any(state not in "TZX" for state in self._members().values()):
            time.sleep(0.0005)

    def squeeze(self, port: int) -> None:
        """Let no process of the run hand a whole mail to the kernel at once."""
        for pid in self._members():
            squeeze(pid, port)

    def kill(self, whom: str, chance: random.Random) -> None:
        """Send SIGKILL to `all` processes of the run, to the `first` one or to a `worker`."""
        if whom == "worker":
            workers = sorted(set(self._members()) - {self._process.pid})
            if workers:
                os.kill(chance.choice(workers), signal.SIGKILL)
                return
        with suppress(ProcessLookupError):
            if whom == "all":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def wait_until_gone(self) -> int:
        """Return the exit code once no process of the run is left."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)
        code = self._process.wait(_PATIENCE)
        deadline = time.monotonic() + _PATIENCE
        while any(state not in "ZX" for state in self._members().values()):
            if time.monotonic() > deadline:
                raise AssertionError("a process of a killed run does not end")
            time.sleep(0.01)
        return code

    def output(self) -> str:
        """Return the end of what this host's runs have printed."""
        return self._output.read_text("utf-8", "replace")[-2000:]

    def _members(self) -> dict[int, str]:
        """Return the state of each process of the group, as /proc tells it."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[2]) == self._process.pid:
                        found[int(folder.name)] = fields[0]
        return found


def _environment(host: Host, smtp_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SEGMAIL_DATABASE_URL": host.url.render_as_string(hide_password=False),
        "SEGMAIL_CONFIG": str(host.folder / "segmail.toml"),
        "SEGMAIL_STATE_DIR": str(host.folder / "state"),
        "SEGMAIL_LOG_FILE": str(host.folder / "segmail.log"),
        "SEGMAIL_SMTP_URL": smtp_url,
    }
