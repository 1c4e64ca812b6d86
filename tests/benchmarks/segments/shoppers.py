"""What a refresh locks, and how long a shop that is in use waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.benchmarks.segments.figures import Locks

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
def shopping(url: URL, customers: int) -> Iterator[Locks]:
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
            waits = [_write(connection, locks, statement, id) for statement in _SHOPPER]
            locks.cart_wait = max(locks.cart_wait, waits[0])
            locks.order_wait = max(locks.order_wait, waits[1])
            locks.account_wait = max(locks.account_wait, waits[2])


def _write(connection: Connection, locks: Locks, statement: str, id: int) -> float:
    began = time.monotonic()
    locks.writes += 1
    try:
        connection.execute(text(statement), {"id": id})
    except OperationalError:  # a deadlock's victim, or timed out: a wait that is told, too
        locks.refused += 1
    return time.monotonic() - began
