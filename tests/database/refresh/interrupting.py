"""Does something in the middle of a refresh, as others do beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import Table, event, select

from segmail.maho.db.database import Database
from tests.shop_builder import ShopBuilder

NEXT_CHUNK = "DROP TEMPORARY TABLE IF EXISTS segmail_chunk"


@contextmanager
def before(
    shop: ShopBuilder, statement: str, act: Callable[[], object], *, number: int = 2
) -> Iterator[None]:
    """Call `act` once, before the shop's database runs the n-th statement that so begins."""
    numbers = count(1)

    def listen(_connection: Any, _cursor: Any, running: str, *_: Any) -> None:
        if running.startswith(statement) and next(numbers) == number:
            act()

    event.listen(shop.database.engine, "before_cursor_execute", listen)
    try:
        yield
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", listen)


@contextmanager
def refused(shop: ShopBuilder, statement: str, *, number: int) -> Iterator[None]:
    """Let the server refuse the statements that so begin, with an error of this number."""
    refusal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'not here'"

    def refuse(_connection: Any, _cursor: Any, running: str, values: Any, *_: Any) -> Any:
        return (refusal, ()) if running.startswith(statement) else (running, values)

    event.listen(shop.database.engine, "before_cursor_execute", refuse, retval=True)
    try:
        yield
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", refuse)


def locked(other: Database, table: Table, name: str) -> set[int]:
    """Return the keys of the rows that somebody else could not lock now."""
    key = table.c[name]
    with other.read() as connection:
        everyone = set(connection.scalars(select(key)))
        free = set(connection.scalars(select(key).with_for_update(skip_locked=True)))
        connection.rollback()
    return everyone - free
