"""Copies what a simulation needs of a shop into an SQLite file; the shop only gets SELECTs.

Tables about customers are read for the chosen ones, some hundred at a time. Products are those that
the customers' carts, orders and lists name, and those of campaign files, with related products and
the best sellers. What is for everybody is copied whole, except the settings of the mail transport.
Texts of mails that were sent are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Index, MetaData, Table, func, or_, select

from segmail.coupons.codes import code_owner
from segmail.maho.db.database import Database
from segmail.maho.db.value_lists import among
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.table_copy import CopiedRow, TableCopy

_CUSTOMERS = 500  # customers per statement
_BEST = 1_000  # products that sold most lately, which any mail may show


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
    products: Collection[int] = (),
    on_customers: Callable[[int], None] = lambda _count: None,
) -> Shop:
    """Fill `target`, an empty SQLite file, and return it as a shop.

    `products` are copied whoever has them. `on_customers` is called with how many more customers
    were copied. Raises what the shop's database raises.
    """
    filled = _Filling(tx, target, products)
    filled.create()
    filled.whole_tables()
    for ids in _some(customer_ids, _CUSTOMERS):
        filled.customers(ids)
        on_customers(len(ids))
    filled.coupons(set(customer_ids))
    filled.products()
    due = filled.tables.progress.to_metadata(MetaData()).c  # of this copy alone
    target.transact(Index("segmail_due", due.status, due.scheduled_at).create)  # asked all the time
    return Shop(target, filled.tables)


class _Filling(TableCopy):
    """Copies what belongs to some customers."""

    def __init__(self, tx: Transaction, target: Database, products: Collection[int]) -> None:
        super().__init__(tx, target)
        self._found = _Found(products=set(products))

    def write(self, table: Table, rows: Sequence[CopiedRow]) -> None:
        """Write rows to the copy, and note the products that they name."""
        if "product_id" in table.c:
            self._found.products.update(row["product_id"] for row in rows if row["product_id"])
        super().write(table, rows)

    def customers(self, ids: Collection[int]) -> None:
        """Copy the rows of some customers, including what they ordered as guests."""
        t, s, c, found = self.shop, self.sales, self.catalog, self._found
        addresses = self.rows(t.customer, among(t.customer.c.entity_id, ids))
        emails = [row["email"] for row in addresses if row["email"]]
        self.write(t.customer, addresses)
        for values in t.customer_values.values():
            self.copy(values, values.c.entity_id, ids)
        own, address = t.subscriber.c.customer_id, t.subscriber.c.subscriber_email
        self.write(t.subscriber, self.rows(t.subscriber, or_(own.in_(ids), address.in_(emails))))
        self._progress(ids)
        found.addresses = self.copy(s.address, s.address.c.parent_id, ids)
        for values in s.address_values.values():
            self.copy(values, values.c.entity_id, found.addresses)
        guests = (s.order.c.customer_id.is_(None)) & s.order.c.customer_email.in_(emails)
        orders = self.rows(s.order, or_(among(s.order.c.customer_id, ids), guests))
        self.write(s.order, orders)
        found.orders = [row["entity_id"] for row in orders]
        found.quotes = self.copy(s.quote, s.quote.c.customer_id, ids)
        found.quote_items = self.copy(s.quote_item, s.quote_item.c.quote_id, found.quotes)
        found.wishlists = self.copy(s.wishlist, s.wishlist.c.customer_id, ids)
        self.copy(s.wishlist_item, s.wishlist_item.c.wishlist_id, found.wishlists)
        self.copy(s.order_payment, s.order_payment.c.parent_id, found.orders)
        self.copy(c.quote_option, c.quote_option.c.item_id, found.quote_items)
        for table in self.columns:
            if table in (t.progress, t.subscriber, s.order, s.quote, s.wishlist, s.quote_item):
                continue
            for name, of in (
                ("customer_id", ids),
                ("order_id", found.orders),
                ("quote_id", found.quotes),
            ):
                if name in table.c:
                    self.copy(table, table.c[name], of)
                    break

    def coupons(self, customers: Collection[int]) -> None:
        """Copy the coupons that the automation made for the customers, and how often they were
        used.
        """
        t = self.shop
        steps = self.source.execute(
            select(t.sequence.c.coupon_sales_rule_id, t.sequence.c.coupon_prefix).distinct()
        ).all()
        prefixes = {prefix for rule, prefix in steps if rule}
        rules = {rule for rule, _ in steps if rule}

        def is_theirs(row: CopiedRow) -> bool:
            return any(code_owner(row["code"] or "", it) in customers for it in prefixes)

        if rules:
            self.pages(t.coupon, t.coupon.c.rule_id.in_(rules), only=is_theirs)

    def products(self) -> None:
        """Copy the products that were found, with their parts and related products."""
        c, found = self.catalog, self._found.products
        found |= set(self._best_sellers())
        for table, one, other in (
            (c.product_link, "product_id", "linked_product_id"),
            (c.product_relation, "child_id", "parent_id"),
            (c.product_relation, "parent_id", "child_id"),
        ):
            if table in self.columns:
                for ids in _some(sorted(found), _CUSTOMERS):
                    query = select(table.c[other]).where(among(table.c[one], ids))
                    found |= set(self.source.scalars(query))
        for ids in _some(sorted(found), _CUSTOMERS):
            for table, key in self._product_tables():
                self.copy(table, key, ids)
        links = [row.link_id for row in self.copied(c.product_link)]
        for ids in _some(links, _CUSTOMERS):
            self.copy(c.link_position, c.link_position.c.link_id, ids)

    def _best_sellers(self) -> Iterator[int]:
        table = self.catalog.bestsellers
        if table in self.columns:
            c = table.c
            query = (
                select(c.product_id)
                .where(c.product_id.is_not(None))
                .group_by(c.product_id)
                .order_by(func.max(c.period).desc(), func.sum(c.qty_ordered).desc())
            )
            yield from self.source.scalars(query.limit(_BEST))

    def _product_tables(self) -> Iterator[tuple[Table, Column[Any]]]:
        """Yield the product tables with the column of the product, leaving out long texts."""
        s, c = self.sales, self.catalog
        of_products = (s.product, c.price_index, *s.product_values.values())
        for table in self.columns:
            if table in of_products and table is not s.product_values["text"]:
                yield table, table.c.entity_id
            elif table is c.product_relation:
                yield table, table.c.parent_id
            elif "product_id" in table.c and not self.is_a_customers(table):
                yield table, table.c.product_id

    def _progress(self, ids: Collection[int]) -> None:
        """Copy progress rows, the rows of their attempts without texts, and why these failed.

        A waiting row starts afresh: an attempt that is under way belongs to another program.
        """
        t = self.shop
        rows = self.rows(t.progress, among(t.progress.c.customer_id, ids))
        for row in rows:
            if row["status"] == ProgressStatus.SCHEDULED:
                row["queue_id"] = None
        known = self._found.queue
        new = sorted({row["queue_id"] for row in rows if row["queue_id"]} - known)
        known.update(new)
        for some in _some(new, _CUSTOMERS):
            self.copy(
                t.queue, t.queue.c.queue_id, some, without=("newsletter_text", "newsletter_styles")
            )
            self.copy(t.problem, t.problem.c.queue_id, some)
            self.copy(t.queue_link, t.queue_link.c.queue_id, some)
        self.write(t.progress, rows)


def _some(ids: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), most):
        yield ids[start : start + most]
