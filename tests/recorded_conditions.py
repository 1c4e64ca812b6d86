"""Condition trees that Maho evaluated, with its answers, and the shop on which it did.

`golden/conditions.json` has the trees, both as Maho 25.11 stored them and as data, and the ids of
the customers that Maho matched (null where its SQL failed); `golden/conditions_shop.json` the
columns of that shop that conditions read, for 240 invented customers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, insert, table, text
from sqlalchemy import column as bare_column

from segmail.maho.db.database import Database
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema.tables import Layout, Tables, build_tables
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.scope import Scope, open_scope
from segmail.segments.conditions.tree import Combine

_GOLDEN = Path(__file__).with_name("golden")
_RECORDED = json.loads((_GOLDEN / "conditions.json").read_text("utf-8"))

RECORDED_AT = datetime.fromisoformat(_RECORDED["now_utc"]).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One segment: its scope, its tree as stored, and Maho's answer; None is an SQL error."""

    name: str
    website_ids: Sequence[int]
    group_ids: Sequence[int]
    php: str
    tree: dict[str, Any]
    customer_ids: list[int] | None

    @property
    def json(self) -> str:
        """The tree as Maho 26 stores it."""
        return json.dumps(self.tree).replace("/", r"\/")


CASES = [
    Case(
        case["name"],
        [int(website_id) for website_id in case["website_ids"].split(",")],
        [int(group_id) for group_id in case["customer_group_ids"].split(",") if group_id],
        case["php"],
        case["tree"],
        case["customer_ids"],
    )
    for case in _RECORDED["cases"]
]


@dataclass(frozen=True)
class RecordedShop:
    """The recorded shop on one engine."""

    url: URL
    database: Database
    tables: Tables
    sales: SalesTables

    def scope(self, connection: Connection, *, now: datetime = RECORDED_AT) -> Scope:
        return open_scope(Transaction(connection, self.tables), self.sales, now=now)

    def matching(
        self,
        tree: Combine,
        *,
        website_ids: Sequence[int] = (1,),
        group_ids: Sequence[int] = (),
        now: datetime = RECORDED_AT,
        zone: str | None = None,
    ) -> list[int]:
        """Return the ids of the customers that the tree matches, in order; days are `zone`'s."""
        with self.database.read() as connection:
            scope = self.scope(connection, now=now)
            if zone is not None:
                scope = replace(scope, zones=dict.fromkeys(scope.zones, zone))
            query = matching_customers(tree, scope, website_ids=website_ids, group_ids=group_ids)
            found: list[int] = sorted(connection.scalars(query))
            few = range(1, 1000, 2)
            query = matching_customers(
                tree, scope, website_ids=website_ids, group_ids=group_ids, among=few
            )
            of_few: list[int] = sorted(connection.scalars(query))
            assert of_few == [id for id in found if id in few]
            return found


@contextmanager
def recorded_shop(url: URL) -> Iterator[RecordedShop]:
    """Create the tables in an empty database, fill them, and yield the shop."""
    shop = RecordedShop(
        url, Database(url), build_tables("", Layout.SHIPPED), build_sales_tables("")
    )
    _fill(shop)
    yield shop
    shop.database.close()


def _fill(shop: RecordedShop) -> None:
    engine = create_engine(shop.url)
    data = json.loads((_GOLDEN / "conditions_shop.json").read_text("utf-8"))
    with engine.begin() as connection:
        shop.tables.metadata.create_all(connection)
        shop.sales.metadata.create_all(connection)
        if connection.dialect.name != "sqlite":
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            connection.execute(text("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"))
        for name, recorded in data.items():
            _insert(connection, name, recorded["columns"], recorded["rows"])
        columns = ["config_id", "scope", "scope_id", "path", "value"]
        zone = [9_999, "default", 0, "general/locale/timezone", "UTC"]  # Maho's days are UTC's
        _insert(connection, shop.tables.config.name, columns, [zone])
    engine.dispose()


def _insert(connection: Connection, name: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Insert the values as they were recorded, past the types of the tables."""
    target = table(name, *map(bare_column, columns))
    connection.execute(insert(target), [dict(zip(columns, row, strict=True)) for row in rows])
