"""A shop with many customers whose mails are about 10 KB, and rows that are due."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Insert,
    create_engine,
    insert,
    literal,
    select,
    true,
)

from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.bare_database import run
from tests.benchmarks.carts import Carts
from tests.benchmarks.styled import newsletter
from tests.shop_builder import ATTRIBUTES, ShopBuilder

CUSTOMERS = 20_000
NAME = "segmail_benchmark"

_CHUNK = 2_000
_ROW = (
    '<tr><td style="padding: 4px">{{var customer_firstname}}, the autumn range of '
    "{{var store.getFrontendName()}} is here: boots, caps and jackets that were made to last, "
    'from 39 €. <a href="{{store url="catalog/category/view"}}">See them all</a></td></tr>\n'
)
_PROSE = (
    "<p>Free returns within sixty days, shipped the day you order, packed without plastic.</p>\n"
)
_CART = "{{var cart.getItemsHtml()}}\n<p>In all: {{var cart.subtotal}}</p>\n"
_TEXT = (
    "<html><body><h1>Hello {{var customer.name}}</h1>\n"
    "{{if coupon_code}}<p>Your code is <b>{{var coupon_code}}</b>: {{var coupon_discount_text}}, "
    "until {{var coupon_expires_date}}.</p>{{else}}<p>Welcome to {{var segment_name}}.</p>{{/if}}\n"
    f"<table>{_ROW * 12}</table>\n{_PROSE * 20}"
    '<p><a href="{{var subscriber.getUnsubscriptionLink()}}">Unsubscribe</a></p></body></html>\n'
)
DIRECTIVES = _TEXT.count("{{")
SHOP_LINKS = _TEXT.count("{{store ")


class BenchmarkShop:
    """A segment whose steps send one template, with and without a coupon, to 20,000 customers."""

    def __init__(self, server: URL) -> None:
        self.url = _create(server)
        database = Database(self.url)
        shop = Shop(database, build_tables("", Layout.SHIPPED))
        self._builder = ShopBuilder(shop, self.url, now=datetime.now(UTC))
        self._tables = shop.tables
        self._segment = self._builder.segment()
        self._template = self._builder.template(_TEXT)
        self._cart = self._builder.template(_TEXT.replace("</h1>\n", f"</h1>\n{_CART}"))
        self._styled = self._builder.template(newsletter.TEXT, styles=newsletter.CSS)
        self._rule = self._builder.rule()
        self._add_customers()
        self._carts = Carts(self._builder)

    def schedule(self, count: int, *, coupon: bool, cart: bool = False) -> None:
        """Empty the history, and make `count` rows due, at most one for each customer and step.

        With `cart` each mail shows a cart of five items.
        """
        self._empty_history()
        if cart:
            self._carts.fill(min(count, CUSTOMERS))
        template = self._cart if cart else self._template
        self.add_rows(count, coupon=coupon, status="scheduled", template=template)

    def schedule_styled(self, count: int) -> None:
        """Empty the history, and make `count` styled mails due, one in three with a coupon."""
        self._empty_history()
        customer = self._tables.customer.c.entity_id
        for coupon, whose in ((True, customer % 3 == 0), (False, customer % 3 != 0)):
            values = self._step_values(coupon, "scheduled", template=self._styled)
            rows = self._copied_rows(values, (customer <= count) & whose, count)
            with self._builder.database.engine.begin() as connection:
                connection.execute(rows)

    def _empty_history(self) -> None:
        t = self._tables
        written = (t.problem, t.queue_link, t.queue, t.coupon, t.progress, t.sequence)
        truncations = (f"TRUNCATE TABLE {table.name}" for table in written)
        run(self.url, "SET FOREIGN_KEY_CHECKS = 0", *truncations)
        self._numbers = itertools.count(1)

    def add_rows(
        self, count: int, *, coupon: bool, status: str, template: int | None = None
    ) -> None:
        """Add `count` rows a minute old; every 20,000 of them are of a new step."""
        for start in range(0, count, CUSTOMERS):
            values = self._step_values(coupon, status, template=template)
            rows = self._copied_rows(values, true(), min(CUSTOMERS, count - start))
            with self._builder.database.engine.begin() as connection:
                connection.execute(rows)

    def close(self) -> None:
        self._builder.database.close()

    def _step_values(
        self, coupon: bool, status: str, *, template: int | None = None
    ) -> dict[str, Any]:
        """Insert a step and return what its rows have in common."""
        number, now = next(self._numbers), datetime.now(UTC).replace(microsecond=0)
        step = self._builder.step(
            self._segment,
            template or self._template,
            number=number,
            rule_id=self._rule if coupon else None,
            coupon_prefix="BENCH" if coupon else None,
        )
        due = now - (timedelta(days=30) if status == "sent" else timedelta(minutes=1))
        return {
            "segment_id": self._segment,
            "sequence_id": step,
            "step_number": number,
            "trigger_type": "enter",
            "status": status,
            "created_at": now - timedelta(hours=1),
            "scheduled_at": due,
            "sent_at": due if status == "sent" else None,
        }

    def _copied_rows(
        self, values: dict[str, Any], whose: ColumnElement[bool], customers: int
    ) -> Insert:
        """Return the statement that inserts one row for each of the first such customers."""
        progress, customer = self._tables.progress, self._tables.customer.c.entity_id
        columns = [literal(value, progress.c[name].type) for name, value in values.items()]
        rows = select(customer, *columns).where(whose).order_by(customer).limit(customers)
        return insert(progress).from_select(["customer_id", *values], rows)

    def _add_customers(self) -> None:
        t, codes = self._tables, list(ATTRIBUTES)
        names = (("firstname", "Ada"), ("lastname", "Lovelace"))
        for ids in _chunks(range(1, CUSTOMERS + 1)):
            self._builder.insert_all(t.customer, [self._customer(id) for id in ids])
            self._builder.insert_all(t.subscriber, [_subscriber(id) for id in ids])
            for code, value in names:
                attribute = codes.index(code) + 1
                self._builder.insert_all(
                    t.customer_values["varchar"],
                    [
                        {"entity_type_id": 1, "attribute_id": attribute, "entity_id": id,
                         "value": f"{value} {id}"}
                        for id in ids
                    ],
                )  # fmt: skip

    def _customer(self, id: int) -> dict[str, Any]:
        joined = self._builder.now - timedelta(days=100)
        return {
            "entity_id": id,
            "email": f"customer{id}@example.test",
            "website_id": 1,
            "store_id": 1,
            "group_id": 1,
            "is_active": 1,
            "created_at": joined,
            "updated_at": joined,
        }


def _subscriber(id: int) -> dict[str, Any]:
    return {
        "customer_id": id,
        "subscriber_email": f"customer{id}@example.test",
        "subscriber_status": 1,
        "store_id": 1,
        "subscriber_confirm_code": f"code{id}",
    }


def _chunks(ids: range) -> Iterator[range]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _create(server: URL) -> URL:
    url = server.set(database=NAME)
    run(server, f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3")
    engine = create_engine(url)
    build_tables("", Layout.SHIPPED).metadata.create_all(engine)
    engine.dispose()
    return url
