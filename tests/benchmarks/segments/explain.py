"""How the server runs each segment's SELECT, and which indexes would make it faster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import mysql

from segmail.segments.matching import matching_by_conditions
from segmail.segments.refresh.candidates import load_candidates
from tests.bare_database import run
from tests.benchmarks.segments.shop import NOW, LargeShop

Plan = list[tuple[str, ...]]

# Name, table, columns, and the segment that it is for.
INDEXES = (
    ("login_customer", "log_customer", "customer_id, login_at", "No login for 180 days"),
    ("login_customer", "log_customer", "customer_id, login_at", "Inactive for a year"),
    ("order_customer", "sales_flat_order", "customer_id, state, created_at",
     "No purchase for 180 days"),
    ("order_amount", "sales_flat_order", "customer_id, state, base_grand_total",
     "Lifetime sales of 2,000"),
    ("order_amount", "sales_flat_order", "customer_id, state, base_grand_total", "Never ordered"),
    ("order_coupon", "sales_flat_order", "coupon_code, customer_id", "Used the coupon AUTUMN"),
    ("item_sku", "sales_flat_order_item", "sku, order_id", "Bought SKU-42 or category 7"),
    ("cart_updated", "sales_flat_quote", "is_active, updated_at, customer_id",
     "Cart left 1 to 72 hours ago"),
    ("view_customer", "report_viewed_product_index", "product_id, added_at, customer_id",
     "Viewed category 7 lately"),
    ("value_attribute", "customer_entity_datetime", "attribute_id, value, entity_id",
     "Birthday within 7 days"),
    ("value_attribute", "customer_entity_varchar", "attribute_id, value, entity_id",
     "First name and newcomer"),
)  # fmt: skip


@dataclass(frozen=True)
class Indexed:
    """A SELECT's seconds without and with an index, and the seconds that making it took."""

    table: str
    columns: str
    segment: str
    before: float
    after: float
    made: float


def plan(shop: LargeShop, segment: int) -> tuple[str, Plan]:
    """Return the SELECT of a segment and the rows of its EXPLAIN."""
    sql = _sql(shop, segment)
    with _cursor(shop) as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return sql, [tuple(str(value) for value in row) for row in cursor.fetchall()]


def seconds(shop: LargeShop, segment: int) -> float:
    """Return how long a segment's SELECT takes, counted on the server."""
    sql = _sql(shop, segment)
    with _cursor(shop) as cursor:
        began = time.monotonic()
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS found")
        return time.monotonic() - began


def try_indexes(shop: LargeShop, segments: dict[str, int]) -> Iterator[Indexed]:
    """Time the SELECT of a segment without and with each index; the index is dropped again."""
    for name, table, columns, segment in INDEXES:
        seconds(shop, segments[segment])  # both with warm pages
        before = seconds(shop, segments[segment])
        began = time.monotonic()
        run(shop.url, f"CREATE INDEX bench_{name} ON {table} ({columns})", f"ANALYZE TABLE {table}")
        made = time.monotonic() - began
        after = seconds(shop, segments[segment])
        drop = f"DROP INDEX bench_{name} ON {table}"
        run(shop.url, "SET foreign_key_checks = 0", drop)  # one of them serves a foreign key
        yield Indexed(table, columns, segment, before, after, made)


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
