"""Customers, their attributes and subscriptions, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from segmail.maho.customers import (
    Customer,
    CustomerAttributes,
    RefusedAddresses,
    Subscriber,
    SubscriberStatus,
    load_customers,
    load_subscribers,
)
from segmail.maho.schema.tune import run_tuning
from tests.bare_database import run
from tests.database.long_table import rows_read
from tests.shop_builder import ShopBuilder
from tests.tuning import tuning_undone


def customers(shop: ShopBuilder, *ids: int, codes: tuple[str, ...] = ()) -> dict[int, Customer]:
    with shop.read() as tx:
        attributes = CustomerAttributes.load(tx)
        return load_customers(tx, ids, codes, attributes)


def subscribers(shop: ShopBuilder, *customer_ids: int) -> dict[int, Subscriber]:
    with shop.read() as tx:
        return load_subscribers(tx, customer_ids)


@contextmanager
def counted_statements(shop: ShopBuilder) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(shop.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(shop.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("prefix", ["", "mh_"])
def test_an_account_comes_with_its_names_and_what_is_asked_for(shop: ShopBuilder) -> None:
    ada = shop.customer("ada@example.test", values={"taxvat": "IT1", "gender": 2, "prefix": "Dr."})

    found = customers(shop, ada, codes=("gender",))

    assert found[ada] == Customer(
        customer_id=ada,
        website_id=1,
        store_id=1,
        group_id=1,
        email="ada@example.test",
        is_active=True,
        created_at=shop.now - timedelta(days=100),
        values={"firstname": "Ada", "lastname": "Lovelace", "prefix": "Dr.", "gender": 2},
    )


def test_a_date_is_text_as_maho_stores_it(shop: ShopBuilder) -> None:
    ada = shop.customer(values={"dob": datetime(1815, 12, 10)})  # noqa: DTZ001 - no time zone there

    found = customers(shop, ada, codes=("dob", "email", "nosuch"))

    assert found[ada].values["dob"] == "1815-12-10 00:00:00"
    assert not {"email", "nosuch"} & set(found[ada].values)


def test_columns_that_only_templates_read_come_when_asked_for(shop: ShopBuilder) -> None:
    ada = shop.customer()
    shop.change(shop.tables.customer, {"entity_id": ada}, increment_id="000007")

    found = customers(shop, ada, codes=("increment_id", "updated_at"))

    assert found[ada].values["increment_id"] == "000007"
    assert found[ada].values["updated_at"] == "2025-11-30 12:00:00"


def test_who_does_not_exist_is_not_there(shop: ShopBuilder) -> None:
    assert customers(shop, 4711) == {}
    assert customers(shop) == {}


def test_the_statements_do_not_grow_with_the_customers(shop: ShopBuilder) -> None:
    ids = [shop.customer(values={"gender": 1}) for _ in range(5)]

    with counted_statements(shop) as statements:
        found = customers(shop, *ids, codes=("gender", "taxvat", "dob"))

    assert len(found) == 5
    assert len(statements) == 5  # attributes, accounts, varchar, int, datetime


def test_attributes_know_whether_they_are_visible(shop: ShopBuilder) -> None:
    shop.change(shop.tables.customer_attribute, {"attribute_id": 3}, is_visible=0)

    with shop.read() as tx:
        visible = CustomerAttributes.load(tx).visible

    assert visible["lastname"] is True
    assert visible["middlename"] is False
    assert visible["suffix"] is False


def test_a_subscription_comes_as_it_is_stored(shop: ShopBuilder) -> None:
    ada = shop.customer("ada@example.test", subscribed=False)
    row = shop.subscriber(ada, "other@example.test", status=3, store_id=None)

    assert subscribers(shop, ada) == {
        ada: Subscriber(
            row, ada, None, "other@example.test", SubscriberStatus.UNSUBSCRIBED, f"code{ada}"
        )
    }


@pytest.mark.parametrize(
    ("rows", "decides"),
    [
        ([("old@x.test", 1), ("Ada@Example.test", 3)], 1),
        ([("old@x.test", 3), ("new@x.test", 1), ("newer@x.test", 1)], 1),
        ([("old@x.test", 3), ("new@x.test", 2)], 0),
        ([("ada@example.test", 3), ("ada@example.test", 1)], 1),
    ],
)
def test_one_of_several_subscriptions_decides(
    shop: ShopBuilder, rows: list[tuple[str, int]], decides: int
) -> None:
    ada = shop.customer("ada@example.test", subscribed=False)
    ids = [shop.subscriber(ada, email, status=status) for email, status in rows]

    assert subscribers(shop, ada)[ada].subscriber_id == ids[decides]


def test_nobody_is_subscribed_by_a_status_that_maho_does_not_know(shop: ShopBuilder) -> None:
    ada = shop.customer(subscribed=False)
    shop.subscriber(ada, "ada@example.test", status=9)
    guest = shop.subscriber(0, "guest@example.test")

    found = subscribers(shop, ada, 0)

    assert found[ada].status is SubscriberStatus.UNKNOWN
    assert guest not in {subscriber.subscriber_id for subscriber in found.values()}


@pytest.mark.parametrize("analyzed", [True, False])
def test_after_tuning_who_unsubscribed_is_found_without_reading_the_others(
    mariadb_shop: ShopBuilder, analyzed: bool
) -> None:
    shop, table = mariadb_shop, mariadb_shop.tables.subscriber
    unsubscribed = SubscriberStatus.UNSUBSCRIBED.value
    shop.insert_all(
        table,
        [
            {
                "store_id": 1,
                "subscriber_email": f"{n}@x.test",
                "subscriber_status": 1 if n % 100 else unsubscribed,
            }
            for n in range(5_000)
        ],
    )
    with tuning_undone(shop.database) as statements:
        run_tuning(shop.database, statements)
        if analyzed:
            run(shop.url, f"ANALYZE TABLE {table.name}")
        with shop.read() as tx:
            known = RefusedAddresses.load(tx)
            read = rows_read(tx.connection, lambda: RefusedAddresses.load(tx, known))
            again = RefusedAddresses.load(tx, known)

    assert again is known
    assert known.has(1, "100@x.test")
    assert not known.has(1, "101@x.test")
    assert read < 100  # 50 have, of 5,000
