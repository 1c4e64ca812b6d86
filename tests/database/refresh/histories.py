"""Random histories of a shop: what customers, cron and merchants do, written as Maho writes it.

Releases differ: views are one row a product (25) or one each (26), the status of a subscription is
stamped since 26.7.3 only, and a cart that was never changed may have no `updated_at`.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_

from segmail.segments.conditions.tree import Combine, ConditionNode
from tests.database.segments.mixed_shop import SKUS, fill
from tests.sales_builder import SalesBuilder, every, leaf, some

Row = dict[str, Any]

_CITY = 21

LEAVES: list[ConditionNode] = [
    leaf(*one)
    for one in (
        ("customer_attributes", "group_id", "==", "2"),
        ("customer_attributes", "firstname", "==", "Ada"),
        ("customer_attributes", "days_since_registration", "<=", "30"),
        ("customer_attributes", "hours_since_registration", "<", "2"),
        ("customer_address", "city", "{}", "o"),
        ("customer_newsletter", "subscriber_status", "==", "1"),
        ("customer_timebased", "days_since_last_login", "<=", "3"),
        ("customer_timebased", "days_inactive", ">", "20"),
        ("customer_timebased", "days_without_purchase", ">", "60"),
        ("customer_timebased", "order_frequency_days", "<=", "30"),
        ("customer_clv", "number_of_orders", "==", "0"),
        ("customer_clv", "lifetime_sales", ">=", "150"),
        ("customer_clv", "lifetime_profit", "<", "100"),
        ("order_attributes", "status", "==", "complete"),
        ("order_attributes", "days_since_last_order", "<=", "1"),
        ("order_items", "product_sku", "==", "AB"),
        ("order_items", "category_id", "==", "1"),
        ("cart_attributes", "items_count", ">=", "1"),
        ("cart_attributes", "is_active", "==", "0"),
        ("cart_attributes", "hours_since_updated", ">=", "1"),
        ("cart_attributes", "minutes_since_created", "()", "30,90"),
        ("cart_items", "product_sku", "==", "A"),
        ("product_viewed", "view_count", ">=", "2"),
        ("product_viewed", "days_since_viewed_category", "<=", "1:2"),
        ("product_viewed", "on_clearance", "==", "1"),
        ("product_wishlist", "wishlist_items_count", ">=", "2"),
        ("product_wishlist", "wishlist_shared", "==", "1"),
        ("product_wishlist", "product_name", "{}", "B"),
        ("review", "count", ">=", "1"),
        ("review", "rating", ">=", "4"),
        ("today", "weekday", "()", "3,5"),
        ("list", "customer_id", "!()", "3,5@2026-03-10T14:00:00,7@2026-03-11T09:00:00"),
        ("segment", "member_of", "==", "2"),
    )
]
TREES: list[Combine] = [
    *(every(one) for one in LEAVES),
    every(LEAVES[19], LEAVES[5], some(LEAVES[11], LEAVES[25], expects=False)),
    some(LEAVES[7], every(LEAVES[17], LEAVES[22], expects=False)),
]


class History:
    """A shop, and what happens in it; `now` is the shop's."""

    def __init__(self, sales: SalesBuilder, seed: int) -> None:
        fill(sales)
        tables = sales.shop.tables
        kind = {"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}
        sales.shop.insert_all(tables.entity_type, [kind])
        city = {"attribute_id": _CITY, "attribute_code": "city", "backend_type": "varchar"}
        sales.shop.insert_all(tables.attribute, [{**city, "entity_type_id": 2}])
        self.sales = sales
        self.shop = sales.shop
        self.pick = random.Random(seed)  # noqa: S311 - data, not a secret
        self.told: list[str] = []

    def pass_time(self) -> None:
        """Let some minutes or hours pass, with a few deeds at moments in between."""
        before = self.shop.now
        span = timedelta(minutes=self.pick.choice((1, 5, 15, 15, 31, 60, 200, 700)))
        self.shop.now = before + span
        for _ in range(self.pick.choice((0, 1, 1, 2, 4))):
            deed = self.pick.choice(_DEEDS)
            # A transaction may be committed minutes after the time that it wrote.
            at = before + span * self.pick.random() - timedelta(minutes=self.pick.choice((0, 9)))
            self.told.append(f"{at:%d %H:%M} {deed.__name__}")
            deed(self, at.replace(microsecond=0))

    def import_rows(self) -> None:
        """Change rows by SQL, as an import does that knows nothing of Maho's times."""
        self.told.append("import")
        self._change(self.shop.tables.customer, group_id=self.pick.choice((1, 2)))
        self._change(self.sales.sales.order, state="canceled", status="canceled")

    def customer_id(self) -> int:
        return int(self._any(self.shop.tables.customer)["entity_id"])

    def _any(self, table: Table) -> Row:
        rows = self.shop.rows(table)
        return self.pick.choice(rows) if rows else {}

    def _change(self, table: Table, **values: Any) -> Row:
        row = self._any(table)
        if row:
            self.shop.change(table, _key(table, row), **values)
        return row

    def _delete(self, table: Table, **where: Any) -> None:
        newest = self.shop.rows(table)[-1:]  # whose id the tests' SQLite would give away again
        rows = [row for row in self.shop.rows(table, **where) if row not in newest]
        if rows:
            self._delete_row(table, self.pick.choice(rows))

    def _delete_row(self, table: Table, row: Row) -> None:
        of = [table.c[name] == value for name, value in _key(table, row).items()]
        self._delete_where(table, and_(*of))

    def _delete_where(self, table: Table, which: ColumnElement[bool]) -> None:
        self.shop.database.transact(lambda c: c.execute(table.delete().where(which)))

    def registers(self, at: datetime) -> None:
        id = self.shop.customer(subscribed=self.pick.choice((True, False)))
        self._touch(self.shop.tables.customer, id, at, created_at=at)

    def edits_account(self, at: datetime) -> None:
        values = {"group_id": self.pick.choice((1, 2)), "is_active": self.pick.choice((0, 1, 1))}
        self._touch(self.shop.tables.customer, self.customer_id(), at, **values)

    def is_deleted(self, _at: datetime) -> None:
        """Maho's foreign keys do the rest; here, what they reach."""
        id, sales, tables = self.customer_id(), self.sales.sales, self.shop.tables
        for table in (sales.quote, sales.viewed, sales.wishlist, tables.member, tables.subscriber):
            of = table.c.customer_id == id
            self._delete_where(table, of)
        self._delete_row(tables.customer, {"entity_id": id})

    def moves_house(self, at: datetime) -> None:
        address, sales = self.sales.sales.address, self.sales.sales
        of, city = self.customer_id(), self.pick.choice(("Rome", "Turin"))
        id = self.shop.insert(address, parent_id=of, created_at=at, updated_at=at)
        value = {"attribute_id": _CITY, "entity_id": id, "value": city}
        self.shop.insert(sales.address_values["varchar"], **value)

    def deletes_address(self, _at: datetime) -> None:
        self._delete(self.sales.sales.address)

    def orders(self, at: datetime) -> None:
        total, state = self.pick.choice(("10", "200")), self.pick.choice(("new", "complete"))
        times = {"created_at": at, "updated_at": at}
        amounts = {"grand_total": total, "base_grand_total": total}
        order = {"state": state, "status": state, "store_id": 1, **amounts, **times}
        customer_id = self.customer_id()
        id = self.shop.insert(self.sales.sales.order, customer_id=customer_id, **order)
        product = self._any(self.sales.sales.product)
        self.sales.ordered(id, product["sku"], product_id=product["entity_id"])
        for cart in self.shop.rows(self.sales.sales.quote, customer_id=customer_id, is_active=1):
            self._touch(self.sales.sales.quote, cart["entity_id"], at, is_active=0)

    def changes_order(self, at: datetime) -> None:
        state = self.pick.choice(("canceled", "complete", "closed"))
        order = self._any(self.sales.sales.order)
        self._touch(self.sales.sales.order, order["entity_id"], at, state=state, status=state)

    def is_refunded(self, at: datetime) -> None:
        order, amount = self._any(self.sales.sales.order), self.pick.choice(("5", "90"))
        memo = {"order_id": order["entity_id"], "state": 2, "grand_total": amount}
        self.shop.insert(self.sales.sales.creditmemo, **memo, created_at=at, updated_at=at)
        self._touch(self.sales.sales.order, order["entity_id"], at)

    def fills_cart(self, at: datetime) -> None:
        sales, store_id = self.sales.sales, self.pick.choice((1, 2))
        never = datetime(1971, 1, 1, tzinfo=at.tzinfo)  # MariaDB's strict mode has no zero dates
        times = {"created_at": at, "updated_at": self.pick.choice((at, at, never))}
        owner = self.pick.choice((self.customer_id(), None))
        cart = {"customer_id": owner, "store_id": store_id, "is_active": 1, "items_count": 1}
        id = self.shop.insert(sales.quote, **cart, **times)
        self.sales.in_cart(id, self._any(sales.product)["entity_id"])

    def changes_cart(self, at: datetime) -> None:
        cart, count = self._any(self.sales.sales.quote), self.pick.choice((0, 1, 2))
        if cart:
            self._touch(self.sales.sales.quote, cart["entity_id"], at, items_count=count)
            if not count:
                self._delete(self.sales.sales.quote_item, quote_id=cart["entity_id"])

    def brings_guests_cart(self, at: datetime) -> None:
        for cart in self.shop.rows(self.sales.sales.quote, customer_id=None)[:1]:
            owner = self.customer_id()
            self._touch(self.sales.sales.quote, cart["entity_id"], at, customer_id=owner)

    def cron_deletes_cart(self, _at: datetime) -> None:
        self._delete(self.sales.sales.quote)

    def logs_in(self, at: datetime) -> None:
        """What the visitor has viewed becomes the customer's, with the times that it has."""
        login = {"customer_id": self.customer_id(), "visitor_id": 1, "login_at": at}
        self.shop.insert(self.sales.sales.login, **login)
        viewed = self.sales.sales.viewed
        for row in self.shop.rows(viewed, customer_id=None)[:2]:
            self.shop.change(viewed, _key(viewed, row), customer_id=login["customer_id"])

    def views(self, at: datetime) -> None:
        viewed, product = self.sales.sales.viewed, self._any(self.sales.sales.product)
        owner = self.pick.choice((self.customer_id(), None))
        same = {"customer_id": owner, "product_id": product["entity_id"]}
        known = self.shop.rows(viewed, **same)
        if known and self.pick.random() < 0.5:
            self.shop.change(viewed, _key(viewed, known[0]), added_at=at)
        else:
            self.shop.insert(viewed, **same, store_id=1, added_at=at)

    def views_are_cleaned(self, _at: datetime) -> None:
        self._delete(self.sales.sales.viewed)

    def wishes(self, at: datetime) -> None:
        sales, owner = self.sales.sales, self.customer_id()
        known = self.shop.rows(sales.wishlist, customer_id=owner)
        id = known[0]["wishlist_id"] if known else self.sales.wishlist(owner)
        shared = self.pick.choice((0, 1))
        self.shop.change(sales.wishlist, {"wishlist_id": id}, shared=shared, updated_at=at)
        self.sales.wish(id, self._any(sales.product)["entity_id"])
        newest = self.shop.rows(sales.wishlist_item)[-1]
        self.shop.change(sales.wishlist_item, _key(sales.wishlist_item, newest), added_at=at)

    def loses_wish(self, _at: datetime) -> None:
        self._delete(self.sales.sales.wishlist_item)

    def subscribes(self, at: datetime) -> None:
        stamp = self.pick.choice(({}, {"change_status_at": at}))
        status = self.pick.choice((1, 3))
        self._change(self.shop.tables.subscriber, subscriber_status=status, **stamp)

    def subscription_is_deleted(self, _at: datetime) -> None:
        self._delete(self.shop.tables.subscriber)

    def writes_review(self, _at: datetime) -> None:
        self.sales.review(self.customer_id(), [self.pick.choice((1, 5))], status_id=2)

    def review_is_approved(self, _at: datetime) -> None:
        self._change(self.sales.sales.review, status_id=self.pick.choice((1, 2)))

    def product_changes(self, _at: datetime) -> None:
        values = self.sales.sales.product_values
        value = self.pick.choice(("Thing A", "Thing B"))
        self._change(values["varchar"], value=value)
        self._change(values["decimal"], value=self.pick.choice(("8", "12")))

    def product_is_deleted(self, _at: datetime) -> None:
        """Its items in carts and wishlists go with it; another one comes."""
        sales, product = self.sales.sales, self._any(self.sales.sales.product)
        for table in (sales.quote_item, sales.wishlist_item, sales.category_product):
            of = table.c.product_id == product["entity_id"]
            self._delete_where(table, of)
        for table in sales.product_values.values():
            self._delete_where(table, table.c.entity_id == product["entity_id"])
        self._delete_row(sales.product, product)
        sku = self.pick.choice(SKUS)
        self.sales.product(sku, categories=(1,), name=f"Thing {sku}", price="10")

    def category_changes(self, _at: datetime) -> None:
        self._delete(self.sales.sales.category_product)

    def _touch(self, table: Table, id: int, at: datetime, **values: Any) -> None:
        self.shop.change(table, {"entity_id": id}, updated_at=at, **values)


_DEEDS = [
    History.registers,
    History.edits_account,
    History.is_deleted,
    History.moves_house,
    History.deletes_address,
    History.orders,
    History.changes_order,
    History.is_refunded,
    History.fills_cart,
    History.changes_cart,
    History.brings_guests_cart,
    History.cron_deletes_cart,
    History.logs_in,
    History.views,
    History.views_are_cleaned,
    History.wishes,
    History.loses_wish,
    History.subscribes,
    History.subscription_is_deleted,
    History.writes_review,
    History.review_is_approved,
    History.product_changes,
    History.product_is_deleted,
    History.category_changes,
]


def _key(table: Table, row: Row) -> Row:
    return {column.name: row[column.name] for column in table.primary_key.columns}
