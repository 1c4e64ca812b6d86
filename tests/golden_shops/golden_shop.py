"""A shop that a real Maho installed, loaded from its dump into a database of its own."""

from __future__ import annotations

import gzip
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, text

from tests import program

Row = dict[str, Any]

# Steps 1 and 2 of the 500 customers are due, step 3 is not: it comes due on the 4th.
FIRST_TWO_STEPS = "2026-11-03 00:00"
ALL_STEPS = "2026-11-05 00:00"


@dataclass(frozen=True)
class GoldenShop:
    """The shop: 2,000 subscribed customers, one segment, three steps, 1,500 scheduled rows.

    `folder` has the log and the journal of the program's runs.
    """

    release: str
    url: URL
    folder: Path
    engine: Engine

    def run(
        self,
        *arguments: str,
        now: str = ALL_STEPS,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `segmail` on the shop to its end."""
        return program.run(self.url, self.folder, "--now", now, *arguments, env=env)

    def start(
        self, *arguments: str, now: str = ALL_STEPS, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start `segmail` on the shop."""
        return program.start(self.url, self.folder, "--now", now, *arguments, env=env)

    def rows(self, query: str) -> list[Row]:
        """Return what a query finds, as Maho reads it: in the server's own time zone."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

    def value(self, query: str) -> Any:
        """Return the only value that a query finds."""
        [row] = self.rows(query)
        [value] = row.values()
        return value

    def change(self, *statements: str) -> None:
        """Run statements by hand, as a merchant's developer would."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def content_but_job_records(self) -> dict[str, int]:
        """Return the content without the tables in which each job keeps what it did."""
        records = ("cron_schedule", "core_config_data")
        return {name: sum for name, sum in self.content().items() if not name.endswith(records)}

    def content(self) -> dict[str, int]:
        """Return a check sum of every table, to tell whether anything was changed."""
        names = ", ".join(row["name"] for row in self.rows(_TABLE_NAMES))
        return {row["Table"]: row["Checksum"] for row in self.rows(f"CHECKSUM TABLE {names}")}

    @property
    def log(self) -> list[str]:
        """The lines of the log, without their times."""
        lines = (self.folder / "segmail.log").read_text("utf-8").splitlines()
        return [line.split(": ", 1)[1] for line in lines]


@contextmanager
def loaded_shop(release: str, dump: Path, server: URL, folder: Path) -> Iterator[GoldenShop]:
    """Load `dump` into a new database on `server`, yield the shop, and drop it."""
    name = f"segmail_golden_{uuid.uuid4().hex[:12]}"
    administration = create_engine(server)
    with administration.begin() as connection:
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
    url = server.set(database=name)
    engine = create_engine(url)
    try:
        _load(url, dump)
        with engine.begin() as connection:
            connection.execute(text(_RUNS_APART))
        yield GoldenShop(release, url, folder, engine)
    finally:
        engine.dispose()
        with administration.begin() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        administration.dispose()


# The steps of a run keep their distance where an earlier one is late, and all of these are: another
# second makes each step a run of its own, so that a thousand rows may leave at once.
_RUNS_APART = (
    "UPDATE customer_segment_sequence_progress"
    " SET created_at = created_at + INTERVAL step_number SECOND"
)

_TABLE_NAMES = (
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
)


def _load(url: URL, dump: Path) -> None:
    """Feed a dump to the client, which knows the versioned comments in it."""
    told = {
        "user": url.username,
        "host": url.host,
        "port": url.port,
        "socket": url.query.get("unix_socket"),
    }
    options = [f"--{name}={value}" for name, value in told.items() if value]
    subprocess.run(
        ["mariadb", "--no-defaults", *options, str(url.database)],
        input=gzip.decompress(dump.read_bytes()),
        env={**os.environ, "MYSQL_PWD": url.password or ""},
        check=True,
    )
