"""A private MariaDB server that commits to disk, and what it counts."""

from __future__ import annotations

import getpass
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.mariadb import private_server

# A shop's server keeps what it has committed; the tests' server trades that for speed.
_DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1")
_COUNTED = ("Questions", "Com_select", "Com_insert", "Com_update", "Com_delete", "Com_commit",
            "Com_rollback", "Com_begin", "Com_set_option")  # fmt: skip
_READ = "Handler_read_"  # next, prev, key, rnd …: rows that a statement has looked at


@contextmanager
def durable_server() -> Iterator[URL]:
    """Start a server with its data on disk, yield its URL without a database, remove it."""
    with tempfile.TemporaryDirectory(prefix="segmail-bench-db-") as folder:
        data = f"--datadir={folder}/data"
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--user={getpass.getuser()}",
                data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
        )
        with private_server(*_DURABLE, data) as url:
            yield make_url(url)


@dataclass(frozen=True)
class Spent:
    """What the server did in a time: statements by the name of their counter, CPU, rows read."""

    statements: dict[str, int]
    cpu: float  # seconds
    rows: int


class Counters:
    """The counters of a server that nobody else uses."""

    def __init__(self, server: URL) -> None:
        self._connection = create_engine(server, poolclass=NullPool).connect()
        pid_file = self._connection.scalar(text("SELECT @@pid_file"))
        self._pid = int(Path(str(pid_file)).read_text())
        self._before = self._read()

    def start(self) -> None:
        """Count from here."""
        self._before = self._read()

    def spent(self) -> Spent:
        """Return what was done since `start`, without the asking itself."""
        before, after = self._before, self._read()
        statements = {name: after.statements[name] - before.statements[name] for name in _COUNTED}
        statements["Questions"] -= 1
        return Spent(statements, after.cpu - before.cpu, after.rows - before.rows)

    def close(self) -> None:
        self._connection.close()

    def _read(self) -> Spent:
        status = _status(self._connection)
        read = sum(int(count) for name, count in status.items() if name.startswith(_READ))
        statements = {name: int(status[name]) for name in _COUNTED}
        return Spent(statements, _cpu_seconds(self._pid), read)


def _status(connection: Connection) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(text("SHOW GLOBAL STATUS"))}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")
