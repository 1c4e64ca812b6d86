"""Puts rows into a test shop; each method takes only what the test is about."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Table, insert, select, update

from segmail.maho.db.database import Database
from segmail.maho.db.insert import insert_rows
from segmail.maho.schema.tables import Layout, Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

T = TypeVar("T")

ATTRIBUTES = {
    "prefix": ("varchar", 0),
    "firstname": ("varchar", 1),
    "middlename": ("varchar", 1),
    "lastname": ("varchar", 1),
    "suffix": ("varchar", 0),
    "password_hash": ("varchar", 0),
    "taxvat": ("varchar", 0),
    "gender": ("int", 0),
    "dob": ("datetime", 0),
    "email": ("static", 1),
    "group_id": ("static", 1),
    "website_id": ("static", 1),
    "store_id": ("static", 1),
    "created_at": ("static", 0),
}


CONFIG = {
    "web/unsecure/base_url": "https://shop.example.test/",
    "web/secure/base_url": "https://shop.example.test/",
    "general/locale/code": "en_US",
    "general/locale/timezone": "UTC",
    "general/store_information/name": "Test Shop",
}


class ShopBuilder:
    """A shop under construction.

    It starts with website 1 (`base`) with the stores 1 (`default`) and 2 (`it`), the customer
    attributes and group 1, base URL `https://shop.example.test/`, USD and UTC.
    """

    def __init__(
        self, shop: Shop, url: URL, *, now: datetime, building: Database | None = None
    ) -> None:
        """Fill the base of an empty shop.

        With `building`, another way to the same database that is quicker for single rows, the base
        is there already.
        """
        self.shop = shop
        self.url = url
        self.now = now
        self._building = building or shop.database
        self._number = itertools.count(1)
        if building is None:
            self._building.transact(lambda c: insert_base(c, shop.tables))

    @property
    def database(self) -> Database:
        return self.shop.database

    @property
    def tables(self) -> Tables:
        return self.shop.tables

    def read(self) -> AbstractContextManager[Transaction]:
        return self.shop.read()

    def transact(self, work: Callable[[Transaction], T]) -> T:
        return self.shop.transact(work)

    def insert(self, table: Table, **values: Any) -> int:
        """Insert one row and return its auto-increment id."""
        return self._building.transact(lambda c: insert_rows(c, table, [values]))[0]

    def insert_all(self, table: Table, rows: list[dict[str, Any]]) -> None:
        self._building.transact(lambda c: c.execute(insert(table), rows))

    def store_of_another_website(self) -> int:
        """Insert a website with a store, and return the id of that."""
        self.insert(self.tables.website, website_id=9, code="other", name="Other")
        self.insert(
            self.tables.store,
            store_id=9,
            code="other",
            name="Other",
            website_id=9,
            group_id=1,
            is_active=1,
        )
        return 9

    def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        """Return the rows whose columns equal `where`, by primary key."""
        query = select(table).filter_by(**where).order_by(*table.primary_key.columns)
        with self._building.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def row(self, table: Table, **where: Any) -> dict[str, Any]:
        [row] = self.rows(table, **where)
        return row

    def change(self, table: Table, where: Mapping[str, Any], **values: Any) -> None:
        self._building.transact(
            lambda c: c.execute(update(table).filter_by(**where).values(**values))
        )

    def config(self, path: str, value: str | None, *, scope: str = "default", id: int = 0) -> None:
        self._building.transact(
            lambda c: (
                c.execute(
                    self.tables.config.delete().where(
                        self.tables.config.c.scope == scope,
                        self.tables.config.c.scope_id == id,
                        self.tables.config.c.path == path,
                    )
                ),
                c.execute(
                    insert(self.tables.config).values(
                        scope=scope, scope_id=id, path=path, value=value
                    )
                ),
            )
        )

    def customer(
        self,
        email: str | None = None,
        *,
        subscribed: bool = True,
        firstname: str | None = "Ada",
        lastname: str | None = "Lovelace",
        values: Mapping[str, Any] | None = None,
        store_id: int = 1,
        website_id: int | None = 1,
        group_id: int = 1,
        is_active: int = 1,
    ) -> int:
        """Insert a customer (and a subscriber, unless `subscribed` is False); return its id."""
        email = email if email is not None else f"customer{next(self._number)}@example.test"
        columns = {
            "email": email,
            "website_id": website_id,
            "store_id": store_id,
            "group_id": group_id,
            "is_active": is_active,
            "created_at": self.now - timedelta(days=100),
            "updated_at": self.now - timedelta(days=100),
        }
        given = {"firstname": firstname, "lastname": lastname, **(values or {})}

        def add(connection: Connection) -> int:
            [customer_id] = insert_rows(connection, self.tables.customer, [columns])
            self._add_values(connection, customer_id, given)
            return customer_id

        customer_id = self._building.transact(add)
        if subscribed:
            self.subscriber(customer_id, email, store_id=store_id)
        return customer_id

    def attribute_value(self, customer_id: int, code: str, value: Any) -> None:
        self._building.transact(lambda c: self._add_values(c, customer_id, {code: value}))

    def _add_values(
        self, connection: Connection, customer_id: int, values: Mapping[str, Any]
    ) -> None:
        """Insert the values of a customer's attributes, by code; None is no value."""
        c = self.tables.attribute.c
        known = select(c.attribute_code, c.attribute_id, c.backend_type)
        found = {row[0]: row for row in connection.execute(known)}
        for code, value in values.items():
            if value is not None:
                _, attribute_id, backend = found[code]
                row = {
                    "entity_type_id": 1,
                    "attribute_id": attribute_id,
                    "entity_id": customer_id,
                    "value": value,
                }
                insert_rows(connection, self.tables.customer_values[backend], [row])

    def subscriber(
        self, customer_id: int, email: str, *, status: int = 1, store_id: int | None = 1
    ) -> int:
        return self.insert(
            self.tables.subscriber,
            customer_id=customer_id,
            subscriber_email=email,
            subscriber_status=status,
            store_id=store_id,
            subscriber_confirm_code=f"code{customer_id}",
            change_status_at=None,
        )

    def template(
        self,
        text: str = "<p>Dear {{var customer_firstname}}</p>",
        *,
        subject: str = "Hello {{var customer_firstname}}",
        code: str | None = None,
        type: int = 2,
        styles: str | None = None,
        sender: str = "shop@example.test",
    ) -> int:
        return self.insert(
            self.tables.template,
            template_code=code or f"template {next(self._number)}",
            template_text=text,
            template_subject=subject,
            template_type=type,
            template_styles=styles,
            template_sender_name="Test Shop",
            template_sender_email=sender,
            template_actual=1,
        )

    def rule(
        self,
        name: str = "15% off",
        *,
        simple_action: str = "by_percent",
        discount_amount: str = "15.0000",
        websites: tuple[int, ...] = (1,),
        groups: tuple[int, ...] = (1,),
        **columns: Any,
    ) -> int:
        """Insert a sales rule from which coupons can be generated; return its id."""
        rule_id = self.insert(
            self.tables.rule,
            **{
                "name": name,
                "description": f"{name} on everything",
                "is_active": 1,
                "coupon_type": 2,
                "use_auto_generation": 1,
                "simple_action": simple_action,
                "discount_amount": Decimal(discount_amount),
                "discount_step": 0,
                **columns,
            },
        )
        for website_id in websites:
            self._link(self.tables.rule_website, rule_id=rule_id, website_id=website_id)
        for group_id in groups:
            self._link(self.tables.rule_group, rule_id=rule_id, customer_group_id=group_id)
        return rule_id

    def segment(
        self,
        name: str = "Newsletter readers",
        *,
        automation: bool = True,
        trigger: str = "enter",
        is_active: int = 1,
        **columns: Any,
    ) -> int:
        if self.shop.layout is Layout.SPEC:
            columns["auto_email_trigger"] = trigger
        columns.setdefault("website_ids", "1")  # as Maho's form demands one
        return self.insert(
            self.tables.segment,
            name=name,
            is_active=is_active,
            auto_email_active=int(automation),
            created_at=self.now,
            updated_at=self.now,
            **columns,
        )

    def step(
        self,
        segment_id: int,
        template_id: int | None = None,
        *,
        number: int = 1,
        trigger: str = "enter",
        rule_id: int | None = None,
        **columns: Any,
    ) -> int:
        """Insert a step (with a coupon when `rule_id` is given); return its sequence id."""
        if self.shop.layout is Layout.SHIPPED:
            columns["trigger_event"] = trigger
        return self.insert(
            self.tables.sequence,
            segment_id=segment_id,
            template_id=template_id or self.template(),
            step_number=number,
            generate_coupon=int(rule_id is not None),
            coupon_sales_rule_id=rule_id,
            created_at=self.now,
            updated_at=self.now,
            **columns,
        )

    def due(self, sequence_id: int, customer_id: int, **columns: Any) -> int:
        """Schedule a step for a customer, due a minute ago; return the progress id."""
        step = self.row(self.tables.sequence, sequence_id=sequence_id)
        return self.insert(
            self.tables.progress,
            **{
                "customer_id": customer_id,
                "segment_id": step["segment_id"],
                "sequence_id": sequence_id,
                "step_number": step["step_number"],
                "trigger_type": step.get("trigger_event", "enter"),
                "status": "scheduled",
                "created_at": self.now - timedelta(hours=1),
                "scheduled_at": self.now - timedelta(minutes=1),
                **columns,
            },
        )

    def progress(self, progress_id: int) -> dict[str, Any]:
        return self.row(self.tables.progress, progress_id=progress_id)

    def status(self, progress_id: int) -> str:
        return str(self.progress(progress_id)["status"])

    def _link(self, table: Table, **values: Any) -> None:
        self._building.transact(lambda c: c.execute(insert(table).values(**values)))


def insert_base(connection: Connection, tables: Tables, *, only: Collection[str] = ()) -> None:
    """Insert what each test shop begins with; into those tables only, where some are named."""
    t = tables
    rows: list[tuple[Table, list[dict[str, Any]]]] = [
        (t.website, [
            {"website_id": 1, "code": "base", "name": "Main", "is_default": 1,
             "default_group_id": 1},
        ]),
        (t.store_group, [
            {"group_id": 1, "website_id": 1, "name": "Main Store", "default_store_id": 1},
        ]),
        (t.store, [
            {"store_id": 1, "code": "default", "website_id": 1, "group_id": 1,
             "name": "English", "sort_order": 0, "is_active": 1},
            {"store_id": 2, "code": "it", "website_id": 1, "group_id": 1,
             "name": "Italiano", "sort_order": 1, "is_active": 1},
        ]),
        (t.customer_group, [{"customer_group_id": 1, "customer_group_code": "General"}]),
        (t.entity_type, [
            {"entity_type_id": 1, "entity_type_code": "customer",
             "entity_model": "customer/customer"},
        ]),
        (t.attribute, [
            {"attribute_id": id, "entity_type_id": 1, "attribute_code": code,
             "backend_type": backend}
            for id, (code, (backend, _)) in enumerate(ATTRIBUTES.items(), start=1)
        ]),
        (t.customer_attribute, [
            {"attribute_id": id, "is_visible": visible}
            for id, (_, visible) in enumerate(ATTRIBUTES.values(), start=1)
        ]),
        (t.config, [
            {"scope": "default", "scope_id": 0, "path": path, "value": value}
            for path, value in CONFIG.items()
        ]),
    ]  # fmt: skip
    for table, values in rows:
        if not only or table.name in only:
            connection.execute(insert(table), values)
