"""How the server runs the statement that collects a segment's customers, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, Insert, insert, text
from sqlalchemy.dialects import mysql

from segmail.maho.db.mariadb_hints import collected
from segmail.maho.schema.transaction import Transaction
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh.changes import find_matched
from segmail.segments.refresh.task import Task, load_task
from segmail.segments.refresh.temporary_tables import MATCHED, create_scratch
from tests.benchmarks.segments.figures import Plan
from tests.benchmarks.segments.shop import NOW, LargeShop

_SHOWN = 3000  # characters; a list of ids would fill the report


def plan(shop: LargeShop, segment: int) -> Plan:
    """Return a segment's statement and the rows of its EXPLAIN, under the product's settings."""
    with _refreshing(shop, segment) as (connection, task):
        sql = _sql(connection, task)
        found = connection.execute(collected(text(f"EXPLAIN {sql}"))).all()
    rows = [["" if value is None else str(value) for value in row] for row in found]
    return Plan(sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]} …", rows)


def seconds(shop: LargeShop, segment: int) -> float:
    """Return how long a refresh takes to collect a segment's customers."""
    with _refreshing(shop, segment) as (connection, task):
        began = time.monotonic()
        tx = Transaction(connection, task.tables)
        find_matched(connection, partial(matching_by_conditions(), tx, task.candidate, NOW))
        return time.monotonic() - began


@contextmanager
def _refreshing(shop: LargeShop, segment: int) -> Iterator[tuple[Connection, Task]]:
    """Yield a connection with a refresh's temporary tables, and its task."""
    with shop.shop.database.engine.connect() as connection:
        task = load_task(Transaction(connection, shop.shop.tables), segment, enrol=False, now=NOW)
        create_scratch(connection)
        yield connection, task
        connection.invalidate()  # the temporary tables end with it


def _sql(connection: Connection, task: Task) -> str:
    matched = matching_by_conditions()(Transaction(connection, task.tables), task.candidate, NOW)
    fill: Insert = insert(MATCHED).from_select(["customer_id"], matched)
    dialect = mysql.dialect(paramstyle="named")
    return str(fill.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
