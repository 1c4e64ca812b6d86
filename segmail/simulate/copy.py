"""Copies what a simulation needs of a shop into an SQLite file; the shop only gets SELECTs.

Tables about customers are read for the chosen ones, some hundred at a time. Products are those that
the customers' carts, orders and lists name, with related products and the best sellers. Settings
for everybody are copied whole, except those of the mail transport. Texts of mails that were sent
are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    func,
    insert,
    or_,
    select,
)

from segmail.coupons.codes import code_owner
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import column_names
from segmail.maho.db.value_lists import among
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables, build_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

_CUSTOMERS = 500  # customers per statement
_ROWS = 2_000  # rows read of a whole table at a time
_BEST = 1_000  # products that sold most lately, which any mail may show
_NO_TRANSPORT = "system/smtp/%"

_Row = dict[str, Any]


@dataclass
class _Found:
    """The ids that the rows copied so far refer to, by what they are the ids of."""

    orders: list[int] = field(default_factory=list)
    quotes: list[int] = field(default_factory=list)
    quote_items: list[int] = field(default_factory=list)
    wishlists: list[int] = field(default_factory=list)
    addresses: list[int] = field(default_factory=list)
    queue: set[int] = field(default_factory=set)
    products: set[int] = field(default_factory=set)


def copy_shop(
    tx: Transaction,
    target: Database,
    customer_ids: Sequence[int],
    *,
    on_customers: Callable[[int], None] = lambda _count: None,
) -> Shop:
    """Fill `target`, an empty SQLite file, and return it as a shop.

    `on_customers` is called with how many more customers were copied. Raises what the shop's
    database raises.
    """
    filled = _Filling(tx.connection, tx.tables, target)
    filled.create()
    filled.whole_tables()
    for ids in _some(customer_ids, _CUSTOMERS):
        filled.customers(ids)
        on_customers(len(ids))
    filled.coupons(set(customer_ids))
    filled.products()
    return Shop(target, filled.tables)


class _Filling:
    """Reads from one connection and writes to another database."""

    def __init__(self, source: Connection, tables: Tables, target: Database) -> None:
        self._source = source
        self._tables = tables
        self._sales = build_sales_tables(tables.prefix)
        self._catalog = build_catalog_tables(tables.prefix)
        self._target = target
        # In SQLite no column is a TIMESTAMP, whatever the shop's are.
        self.tables = build_tables(tables.prefix, tables.layout)
        others = (self._sales.metadata, self._catalog.metadata)
        self._written = {
            table.name: table
            for metadata in (self.tables.metadata, *others)
            for table in metadata.sorted_tables
        }
        every = (tables.metadata, *others)
        known = chain.from_iterable(metadata.sorted_tables for metadata in every)
        self._columns = {
            table: [column for column in table.c if column.name in there]
            for table in known
            if (there := column_names(source, table.name))
        }
        self._found = _Found()

    def create(self) -> None:
        """Create the tables that the shop has.

        A zero date reads as NULL, so every column but a key may be empty in the copy.
        """
        metadata = MetaData()
        for table in self._columns:
            copied = self._written[table.name].to_metadata(metadata)
            for column in copied.c:
                column.nullable = not column.primary_key
        self._target.transact(metadata.create_all)

    def whole_tables(self) -> None:
        """Copy tables that are not about a customer, a product, an order or a cart."""
        for table in self._columns:
            if self._is_for_everybody(table):
                only = (
                    (table.c.path.not_like(_NO_TRANSPORT),) if table is self._tables.config else ()
                )
                self._pages(table, *only)

    def customers(self, ids: Collection[int]) -> None:
        """Copy the rows of some customers, including what they ordered as guests."""
        t, s, c, found = self._tables, self._sales, self._catalog, self._found
        addresses = self._rows(t.customer, among(t.customer.c.entity_id, ids))
        emails = [row["email"] for row in addresses if row["email"]]
        self._write(t.customer, addresses)
        for values in t.customer_values.values():
            self._copy(values, values.c.entity_id, ids)
        own, address = t.subscriber.c.customer_id, t.subscriber.c.subscriber_email
        self._write(t.subscriber, self._rows(t.subscriber, or_(own.in_(ids), address.in_(emails))))
        self._progress(ids)
        found.addresses = self._copy(s.address, s.address.c.parent_id, ids)
        for values in s.address_values.values():
            self._copy(values, values.c.entity_id, found.addresses)
        guests = (s.order.c.customer_id.is_(None)) & s.order.c.customer_email.in_(emails)
        orders = self._rows(s.order, or_(among(s.order.c.customer_id, ids), guests))
        self._write(s.order, orders)
        found.orders = [row["entity_id"] for row in orders]
        found.quotes = self._copy(s.quote, s.quote.c.customer_id, ids)
        found.quote_items = self._copy(s.quote_item, s.quote_item.c.quote_id, found.quotes)
        found.wishlists = self._copy(s.wishlist, s.wishlist.c.customer_id, ids)
        self._copy(s.wishlist_item, s.wishlist_item.c.wishlist_id, found.wishlists)
        self._copy(s.order_payment, s.order_payment.c.parent_id, found.orders)
        self._copy(c.quote_option, c.quote_option.c.item_id, found.quote_items)
        for table in self._columns:
            if table in (t.progress, t.subscriber, s.order, s.quote, s.wishlist, s.quote_item):
                continue
            for name, of in (
                ("customer_id", ids),
                ("order_id", found.orders),
                ("quote_id", found.quotes),
            ):
                if name in table.c:
                    self._copy(table, table.c[name], of)
                    break

    def coupons(self, customers: Collection[int]) -> None:
        """Copy the coupons that the automation made for the customers, and how often they were
        used.
        """
        t = self._tables
        steps = self._source.execute(
            select(t.sequence.c.coupon_sales_rule_id, t.sequence.c.coupon_prefix).distinct()
        ).all()
        prefixes = {prefix for rule, prefix in steps if rule}
        rules = {rule for rule, _ in steps if rule}

        def is_theirs(row: _Row) -> bool:
            return any(code_owner(row["code"] or "", it) in customers for it in prefixes)

        if rules:
            self._pages(t.coupon, t.coupon.c.rule_id.in_(rules), only=is_theirs)

    def products(self) -> None:
        """Copy the products that were found, with their parts and related products."""
        c, found = self._catalog, self._found.products
        found |= set(self._best_sellers())
        for table, one, other in (
            (c.product_link, "product_id", "linked_product_id"),
            (c.product_relation, "child_id", "parent_id"),
            (c.product_relation, "parent_id", "child_id"),
        ):
            if table in self._columns:
                for ids in _some(sorted(found), _CUSTOMERS):
                    query = select(table.c[other]).where(among(table.c[one], ids))
                    found |= set(self._source.scalars(query))
        for ids in _some(sorted(found), _CUSTOMERS):
            for table, key in self._product_tables():
                self._copy(table, key, ids)
        links = [row.link_id for row in self._target_rows(c.product_link)]
        for ids in _some(links, _CUSTOMERS):
            self._copy(c.link_position, c.link_position.c.link_id, ids)

    def _best_sellers(self) -> Iterator[int]:
        table = self._catalog.bestsellers
        if table in self._columns:
            c = table.c
            query = (
                select(c.product_id)
                .where(c.product_id.is_not(None))
                .group_by(c.product_id)
                .order_by(func.max(c.period).desc(), func.sum(c.qty_ordered).desc())
            )
            yield from self._source.scalars(query.limit(_BEST))

    def _product_tables(self) -> Iterator[tuple[Table, Column[Any]]]:
        """Yield the product tables with the column of the product, leaving out long texts."""
        s, c = self._sales, self._catalog
        of_products = (s.product, c.price_index, *s.product_values.values())
        for table in self._columns:
            if table in of_products and table is not s.product_values["text"]:
                yield table, table.c.entity_id
            elif table is c.product_relation:
                yield table, table.c.parent_id
            elif "product_id" in table.c and not self._is_a_customers(table):
                yield table, table.c.product_id

    def _is_a_customers(self, table: Table) -> bool:
        s, c = self._sales, self._catalog
        named = {"customer_id", "order_id", "quote_id"}
        return bool(named & set(table.c.keys())) or table in (s.wishlist_item, c.quote_option)

    def _is_for_everybody(self, table: Table) -> bool:
        t, s, c = self._tables, self._sales, self._catalog
        others = {
            t.customer, *t.customer_values.values(), t.subscriber, t.coupon, t.coupon_usage,
            t.queue, t.queue_link, t.problem, s.address, *s.address_values.values(),
            s.order_payment, s.product, *s.product_values.values(), c.price_index,
            c.product_relation, c.link_position,
        }  # fmt: skip
        if table in others or self._is_a_customers(table):
            return False
        return "product_id" not in table.c

    def _progress(self, ids: Collection[int]) -> None:
        """Copy progress rows, the rows of their attempts without texts, and why these failed.

        A waiting row starts afresh: an attempt that is under way belongs to another program.
        """
        t = self._tables
        rows = self._rows(t.progress, among(t.progress.c.customer_id, ids))
        for row in rows:
            if row["status"] == ProgressStatus.SCHEDULED:
                row["queue_id"] = None
        known = self._found.queue
        new = sorted({row["queue_id"] for row in rows if row["queue_id"]} - known)
        known.update(new)
        for some in _some(new, _CUSTOMERS):
            self._copy(
                t.queue, t.queue.c.queue_id, some, without=("newsletter_text", "newsletter_styles")
            )
            self._copy(t.problem, t.problem.c.queue_id, some)
            self._copy(t.queue_link, t.queue_link.c.queue_id, some)
        self._write(t.progress, rows)

    def _copy(
        self,
        table: Table,
        column: Column[Any],
        values: Collection[int],
        *,
        without: Collection[str] = (),
    ) -> list[int]:
        """Copy the rows whose column has one of the values; return their ids, if they have one."""
        if not values or table not in self._columns:
            return []
        rows = self._rows(table, among(column, values), without=without)
        self._write(table, rows)
        [*key] = table.primary_key.columns
        return [row[key[0].name] for row in rows] if len(key) == 1 else []

    def _rows(
        self, table: Table, where: ColumnElement[bool], *, without: Collection[str] = ()
    ) -> list[_Row]:
        if table not in self._columns:
            return []
        columns = [column for column in self._columns[table] if column.name not in without]
        rows = self._source.execute(select(*columns).where(where)).mappings()
        return [dict(row) for row in rows]

    def _pages(
        self,
        table: Table,
        *where: ColumnElement[bool],
        only: Callable[[_Row], bool] = lambda _row: True,
    ) -> None:
        """Copy a table, or a part of it, page by page in the order of its key."""
        key = list(table.primary_key.columns)
        query = select(*self._columns[table]).where(*where).order_by(*key).limit(_ROWS)
        after: tuple[Any, ...] | None = None
        while True:
            page = query if after is None else query.where(_behind(key, after))
            rows = [dict(row) for row in self._source.execute(page).mappings()]
            self._write(table, [row for row in rows if only(row)])
            if len(rows) < _ROWS:
                return
            after = tuple(rows[-1][column.name] for column in key)

    def _write(self, table: Table, rows: Sequence[_Row]) -> None:
        if not rows:
            return
        self._note_products(table, rows)

        def work(connection: Connection) -> None:
            connection.execute(insert(self._written[table.name]).prefix_with("OR IGNORE"), rows)

        self._target.transact(work)

    def _note_products(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        if "product_id" in table.c:
            self._found.products.update(row["product_id"] for row in rows if row["product_id"])

    def _target_rows(self, table: Table) -> list[Any]:
        if table not in self._columns:
            return []
        with self._target.read() as connection:
            return list(connection.execute(select(self._written[table.name])))


def _some(ids: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), most):
        yield ids[start : start + most]


def _behind(key: Sequence[Column[Any]], after: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row comes after another in the order of the key."""
    first, *others = key
    behind: ColumnElement[bool] = first > after[0]
    if not others:
        return behind
    return or_(behind, (first == after[0]) & _behind(others, after[1:]))
