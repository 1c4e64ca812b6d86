"""Copies tables of a shop, whole or in part, into an SQLite file; the shop only gets SELECTs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    String,
    Table,
    insert,
    or_,
    select,
)

from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import column_names
from segmail.maho.db.value_lists import among
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables, build_tables
from segmail.maho.schema.transaction import Transaction

_ROWS = 2_000  # rows read of a whole table at a time
_NO_TRANSPORT = "system/smtp/%"
_ANY_CASE = "NOCASE"  # SQLite's collation that is nearest to those of Maho's tables

CopiedRow = dict[str, Any]


class TableCopy:
    """Reads a shop's tables in an open transaction and writes them to another database."""

    def __init__(self, tx: Transaction, target: Database) -> None:
        """Read which tables and columns the shop has; `target` is an empty SQLite file."""
        self.source: Connection = tx.connection
        self.shop = tx.tables
        self.sales = build_sales_tables(tx.tables.prefix)
        self.catalog = build_catalog_tables(tx.tables.prefix)
        self._target = target
        # In SQLite no column is a TIMESTAMP, whatever the shop's are.
        self.tables: Tables = build_tables(tx.tables.prefix, tx.tables.layout)
        others = (self.sales.metadata, self.catalog.metadata)
        self._written = {
            table.name: table
            for metadata in (self.tables.metadata, *others)
            for table in metadata.sorted_tables
        }
        every = (tx.tables.metadata, *others)
        known = chain.from_iterable(metadata.sorted_tables for metadata in every)
        self.columns = {
            table: [column for column in table.c if column.name in there]
            for table in known
            if (there := column_names(self.source, table.name))
        }

    def create(self) -> None:
        """Create the tables that the shop has.

        A zero date reads as NULL, so every column but a key may be empty in the copy.
        """
        metadata = MetaData()
        for table in self.columns:
            copied = self._written[table.name].to_metadata(metadata)
            for column in copied.c:
                column.nullable = not column.primary_key
                if type(column.type) is String:
                    column.type = String(column.type.length, collation=_ANY_CASE)
        self._target.transact(metadata.create_all)

    def whole_tables(self) -> None:
        """Copy the tables that are not about a customer, a product, an order or a cart.

        The settings of the mail transport are left out.
        """
        for table in self.columns:
            if self._is_for_everybody(table):
                is_config = table is self.shop.config
                self.pages(table, *((table.c.path.not_like(_NO_TRANSPORT),) if is_config else ()))

    def pages(
        self,
        table: Table,
        *where: ColumnElement[bool],
        only: Callable[[CopiedRow], bool] = lambda _row: True,
    ) -> None:
        """Copy a table, or a part of it, page by page in the order of its key."""
        key = list(table.primary_key.columns)
        query = select(*self.columns[table]).where(*where).order_by(*key).limit(_ROWS)
        after: tuple[Any, ...] | None = None
        while True:
            page = query if after is None else query.where(_behind(key, after))
            rows = [dict(row) for row in self.source.execute(page).mappings()]
            self.write(table, [row for row in rows if only(row)])
            if len(rows) < _ROWS:
                return
            after = tuple(rows[-1][column.name] for column in key)

    def copy(
        self,
        table: Table,
        column: Column[Any],
        values: Collection[int],
        *,
        without: Collection[str] = (),
    ) -> list[int]:
        """Copy the rows whose column has one of the values; return their ids, if they have one."""
        if not values or table not in self.columns:
            return []
        rows = self.rows(table, among(column, values), without=without)
        self.write(table, rows)
        [*key] = table.primary_key.columns
        return [row[key[0].name] for row in rows] if len(key) == 1 else []

    def rows(
        self, table: Table, where: ColumnElement[bool], *, without: Collection[str] = ()
    ) -> list[CopiedRow]:
        """Return some rows of the shop; none of a table that it lacks."""
        if table not in self.columns:
            return []
        columns = [column for column in self.columns[table] if column.name not in without]
        rows = self.source.execute(select(*columns).where(where)).mappings()
        return [dict(row) for row in rows]

    def write(self, table: Table, rows: Sequence[CopiedRow]) -> None:
        """Write rows to the copy; those that it has stay as they are."""
        if not rows:
            return

        def work(connection: Connection) -> None:
            connection.execute(insert(self._written[table.name]).prefix_with("OR IGNORE"), rows)

        self._target.transact(work)

    def copied(self, table: Table) -> list[Any]:
        """Return what the copy has of a table so far."""
        if table not in self.columns:
            return []
        with self._target.read() as connection:
            return list(connection.execute(select(self._written[table.name])))

    def is_a_customers(self, table: Table) -> bool:
        """Return whether each row of a table belongs to a customer, an order or a cart."""
        named = {"customer_id", "order_id", "quote_id"}
        mine = (self.sales.wishlist_item, self.catalog.quote_option)
        return bool(named & set(table.c.keys())) or table in mine

    def _is_for_everybody(self, table: Table) -> bool:
        t, s, c = self.shop, self.sales, self.catalog
        others = {
            t.customer, *t.customer_values.values(), t.subscriber, t.coupon, t.coupon_usage,
            t.queue, t.queue_link, t.problem, s.address, *s.address_values.values(),
            s.order_payment, s.product, *s.product_values.values(), c.price_index,
            c.product_relation, c.link_position,
        }  # fmt: skip
        if table in others or self.is_a_customers(table):
            return False
        return "product_id" not in table.c


def _behind(key: Sequence[Column[Any]], after: tuple[Any, ...]) -> ColumnElement[bool]:
    """Return the condition that a row comes after another in the order of the key."""
    first, *others = key
    behind: ColumnElement[bool] = first > after[0]
    if not others:
        return behind
    return or_(behind, (first == after[0]) & _behind(others, after[1:]))
