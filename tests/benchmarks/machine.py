"""On what was measured."""

from __future__ import annotations

import os
import platform
import shutil
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
        processor=line_of("/proc/cpuinfo", "model name"),
        cores=os.cpu_count() or 1,
        memory_gib=round(int(line_of("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        database=str(database),
        postfix=output_of("postconf", "-h", "mail_version"),
        commit=output_of("git", "-C", f"{ROOT}", "describe", "--always", "--dirty"),
        load_before=round(os.getloadavg()[0], 2),
    )


def line_of(file: str, name: str) -> str:
    """Return the value of a name in one of the files that Linux tells about itself in."""
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0 (unknown)"


def output_of(*command: str) -> str:
    """Return what a command prints; nothing where it is not installed."""
    if shutil.which(command[0]) is None:
        return ""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"
