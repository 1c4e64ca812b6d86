"""A private MariaDB on disk with memory for a large shop, and what a refresh locks on it."""

from __future__ import annotations

import getpass
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.mariadb import private_server

SETTINGS = (
    "--innodb-buffer-pool-size=4G",
    "--innodb-log-file-size=2G",
    "--innodb-flush-method=O_DIRECT",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-lock-wait-timeout=600",
)
_LOOK_PAUSE = 0.15  # seconds; the server renews its view when nobody looked for 0.1 s
_SHOP_PAUSE = 0.05
_LOOK = text(
    "SELECT COALESCE(MAX(trx_rows_locked), 0), COALESCE(MAX(trx_tables_locked), 0) "
    "FROM information_schema.innodb_trx"
)
_SHOPPER = (
    "UPDATE sales_flat_quote SET items_qty = items_qty + 1 WHERE entity_id = :id",
    "UPDATE sales_flat_order SET updated_at = '2026-11-22 12:00:01' WHERE entity_id = :id",
    "UPDATE customer_entity SET updated_at = '2026-11-22 12:00:01' WHERE entity_id = :id",
)


@contextmanager
def large_server() -> Iterator[URL]:
    """Start a server, yield its URL without a database, remove it."""
    with tempfile.TemporaryDirectory(prefix="segmail-segments-") as folder:
        data = f"--datadir={folder}/data"
        user = f"--user={getpass.getuser()}"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", user, data, "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        # Each server deletes every temporary table that it finds in its folder when it starts.
        temporary = Path(folder, "tmp")
        temporary.mkdir()
        with private_server(*SETTINGS, data, f"--tmpdir={temporary}") as url:
            yield make_url(url)


@dataclass
class Locks:
    """The most that was seen; waits are in seconds, of the shop's own writes side by side."""

    rows: int = 0
    tables: int = 0
    cart_wait: float = 0.0
    order_wait: float = 0.0
    account_wait: float = 0.0


@contextmanager
def watched(url: URL, customers: int) -> Iterator[Locks]:
    """Look at the locks, and shop: change a cart, an order and an account time and again."""
    locks, ended = Locks(), threading.Event()
    watchers = [
        threading.Thread(target=_look, args=(url, locks, ended)),
        threading.Thread(target=_shop, args=(url, locks, ended, customers)),
    ]
    for watcher in watchers:
        watcher.start()
    try:
        yield locks
    finally:
        ended.set()
        for watcher in watchers:
            watcher.join()


def _look(url: URL, locks: Locks, ended: threading.Event) -> None:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        while not ended.wait(_LOOK_PAUSE):
            rows, tables = connection.execute(_LOOK).one()
            locks.rows = max(locks.rows, int(rows))
            locks.tables = max(locks.tables, int(tables))


def _shop(url: URL, locks: Locks, ended: threading.Event, customers: int) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    id = 0
    with engine.connect() as connection:
        while not ended.wait(_SHOP_PAUSE):
            id = (id * 48_271 + 11) % customers + 1
            waits = []
            for statement in _SHOPPER:
                began = time.monotonic()
                connection.execute(text(statement), {"id": id})
                waits.append(time.monotonic() - began)
            locks.cart_wait = max(locks.cart_wait, waits[0])
            locks.order_wait = max(locks.order_wait, waits[1])
            locks.account_wait = max(locks.account_wait, waits[2])
