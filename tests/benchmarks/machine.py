"""On what was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from tests.program import ROOT


@dataclass(frozen=True)
class Machine:
    """The parts that the figures depend on."""

    processor: str
    cores: int
    memory_gib: int
    system: str
    python: str
    database: str
    postfix: str
    commit: str
    load_before: float  # runnable processes of everybody, average of the last minute


def this_machine(server: URL) -> Machine:
    """Return what this machine is and runs."""
    with create_engine(server, poolclass=NullPool).connect() as connection:
        database = connection.scalar(text("SELECT VERSION()"))
    return Machine(
        processor=_line_of("/proc/cpuinfo", "model name"),
        cores=os.cpu_count() or 1,
        memory_gib=round(int(_line_of("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        database=str(database),
        postfix=_output("postconf", "-h", "mail_version"),
        commit=_output("git", "-C", f"{ROOT}", "describe", "--always", "--dirty"),
        load_before=round(os.getloadavg()[0], 2),
    )


def _line_of(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0 (unknown)"


def _output(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"
