"""Runs the real `segmail` in a process of its own and tells what it used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from tests.benchmarks import measured
from tests.program import ROOT


@dataclass(frozen=True)
class Used:
    """One run of the program, from its start to its end."""

    seconds: float
    cpu: float  # seconds, user and system
    peak_mib: float  # largest resident memory


@dataclass(frozen=True)
class Segmail:
    """The program on one shop; state, log and .eml files go into `folder`.

    `code` is the folder whose program it is, that of this benchmark or an earlier copy.
    """

    url: URL
    folder: Path
    code: Path = ROOT

    def forget_runs(self) -> None:
        """Forget earlier runs: the history of the shop is about to be emptied, as by a restore."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def run(
        self,
        *arguments: str,
        smtp_url: str,
        accept_failure: bool = False,
        through: Sequence[str] = (),
    ) -> tuple[str, Used]:
        """Return what it printed and what it used; RuntimeError where it did not end with 0.

        With `accept_failure` it may end otherwise, if it printed something. `through` is a program
        that runs it, such as valgrind, with its options.
        """
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.code),
            "SEGMAIL_DATABASE_URL": self.url.render_as_string(hide_password=False),
            "SEGMAIL_STATE_DIR": str(self.folder / "state"),
            "SEGMAIL_LOG_FILE": str(self.folder / "segmail.log"),
            "SEGMAIL_SMTP_URL": smtp_url,
        }
        command = [*through, sys.executable, "-m", "segmail", *arguments]
        return measured_run(command, environment, self.folder, accept_failure=accept_failure)


def measured_run(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    accept_failure: bool = False,
) -> tuple[str, Used]:
    """Run a program to its end in `folder`; see `Segmail.run`."""
    # -S: without site-packages the measuring program stays small.
    launcher = [sys.executable, "-S", str(measured.__file__)]
    ran = subprocess.run(
        [*launcher, *command],
        env=environment,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    answer = json.loads(ran.stdout)
    if answer["code"] and not (accept_failure and answer["out"]):
        told = f"{answer['code']}\n{answer['err']}"
        raise RuntimeError(f"{' '.join(command)} ended with {told}")
    return answer["out"], Used(answer["seconds"], answer["cpu"], answer["peak_mib"])
