"""A private MariaDB on disk with memory for a large shop."""

from __future__ import annotations

import getpass
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.bare_database import run
from tests.mariadb import private_server

SETTINGS = (
    "--innodb-buffer-pool-size=4G",
    "--innodb-log-file-size=2G",
    "--innodb-flush-method=O_DIRECT",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-lock-wait-timeout=600",
    # Each run starts without pages: what is warm is read on purpose.
    "--innodb-buffer-pool-load-at-startup=0",
    "--innodb-buffer-pool-dump-at-shutdown=0",
)
# A SELECT with a bad plan must not keep the rest from being measured.
LONGEST = "--max-statement-time=600"  # seconds


def install(data: Path) -> None:
    """Make an empty data directory."""
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--user={getpass.getuser()}",
         f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )  # fmt: skip


@contextmanager
def serving(data: Path, *settings: str, keep: bool = False) -> Iterator[URL]:
    """Serve a data directory, yield the URL without a database; what is kept is stopped cleanly."""
    # Each server deletes every temporary table that it finds in its folder when it starts.
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=data.parent) as temporary:
        given = (*SETTINGS, *settings, f"--datadir={data}", f"--tmpdir={temporary}")
        with private_server(*given) as served:
            url = make_url(served)
            try:
                yield url
            finally:
                if keep:
                    _write_all(url)
                else:
                    run(url, "SET GLOBAL innodb_fast_shutdown = 2")


def _write_all(url: URL) -> None:
    """Wait until the changed pages are written: stopping has a minute only."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0"))
        connection.execute(text("SET GLOBAL innodb_max_dirty_pages_pct = 0"))
        status = text("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")
        for _ in range(600):
            if int(connection.execute(status).one()[1]) < 1000:
                return
            time.sleep(0.5)
