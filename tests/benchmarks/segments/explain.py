"""How the server runs a segment's SELECT, and how long it takes alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import mysql

from segmail.segments.matching import matching_by_conditions
from segmail.segments.refresh.candidates import load_candidates
from tests.benchmarks.segments.figures import Plan
from tests.benchmarks.segments.shop import NOW, LargeShop

_SHOWN = 3000  # characters; a list of ids would fill the report


def plan(shop: LargeShop, segment: int) -> Plan:
    """Return the SELECT of a segment and the rows of its EXPLAIN."""
    sql = _sql(shop, segment)
    with _cursor(shop) as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        rows = [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    return Plan(sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]} …", rows)


def seconds(shop: LargeShop, segment: int) -> float:
    """Return how long a segment's SELECT takes, counted on the server."""
    sql = _sql(shop, segment)
    with _cursor(shop) as cursor:
        began = time.monotonic()
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS found")
        return time.monotonic() - began


def _sql(shop: LargeShop, segment: int) -> str:
    with shop.shop.database.read() as connection:
        [candidate] = load_candidates(connection, shop.shop.tables, [segment])
        query = matching_by_conditions(shop.shop.tables)(connection, candidate, NOW)
    dialect = mysql.dialect(paramstyle="named")
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@contextmanager
def _cursor(shop: LargeShop) -> Iterator[Any]:
    with shop.shop.database.read() as connection, _raw(connection) as cursor:
        yield cursor


def _raw(connection: Connection) -> Any:
    return connection.connection.cursor()
