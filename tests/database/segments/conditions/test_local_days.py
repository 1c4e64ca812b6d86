"""Days are those of the customer's website, around midnight and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.scope import open_scope
from segmail.segments.conditions.tree import Combine, Leaf
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

_ZONE = "general/locale/timezone"


def _matching(
    sales: SalesBuilder, now: str, attribute: str, operator: str, value: str, *websites: int
) -> set[int]:
    family = "customer_timebased" if "order" in attribute else "customer_attributes"
    tree = Combine(True, True, (Leaf(family, attribute, operator, value, "1"),), "root")
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    with sales.shop.read() as tx:
        scope = open_scope(tx, sales.sales, now=at)
        query = matching_customers(tree, scope, website_ids=websites or (1,), group_ids=())
        return set(tx.connection.scalars(query))


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("America/Los_Angeles", "2026-03-10 02:00", "03-09"),
        ("America/Los_Angeles", "2026-03-10 07:00", "03-10"),  # since 8 March an hour earlier
        ("America/Los_Angeles", "2026-03-08 07:59", "03-07"),
        ("Australia/Sydney", "2026-03-10 13:30", "03-11"),
        (
            "Australia/Sydney",
            "2026-04-05 13:59",
            "04-05",
        ),  # the clocks went back at 16:00 the day before
        ("Asia/Kolkata", "2026-03-10 18:30", "03-11"),
        ("UTC", "2026-03-10 23:59", "03-10"),
    ],
)
def test_birthdays_are_those_of_the_websites_day(
    shop: ShopBuilder, zone: str, moment: str, today: str
) -> None:
    sales = SalesBuilder(shop)
    shop.config(_ZONE, zone)
    days = ("03-07", "03-08", "03-09", "03-10", "03-11", "04-05", "04-06")
    people = {
        day: shop.customer(values={"dob": datetime.fromisoformat(f"1980-{day} 00:00:00")})
        for day in days
    }

    assert _matching(sales, moment, "days_until_birthday", "==", "0") == {people[today]}


@pytest.mark.parametrize(
    ("zone", "moment", "first", "last"),  # the UTC bounds of yesterday there
    [
        ("Europe/Berlin", "2026-03-30 10:00", "2026-03-28 23:00:00", "2026-03-29 21:59:59"),
        ("Europe/Berlin", "2026-10-26 10:00", "2026-10-24 22:00:00", "2026-10-25 22:59:59"),
        ("America/New_York", "2026-03-09 10:00", "2026-03-08 05:00:00", "2026-03-09 03:59:59"),
        ("Africa/Cairo", "2026-04-25 10:00", "2026-04-23 22:00:00", "2026-04-24 20:59:59"),
        ("Pacific/Auckland", "2026-03-10 11:00", "2026-03-09 11:00:00", "2026-03-10 10:59:59"),
    ],
)
def test_days_since_something_begin_and_end_at_local_midnight(
    shop: ShopBuilder, zone: str, moment: str, first: str, last: str
) -> None:
    sales = SalesBuilder(shop)
    shop.config(_ZONE, "UTC")
    shop.config(_ZONE, zone, scope="websites", id=1)
    bounds = [datetime.fromisoformat(time).replace(tzinfo=UTC) for time in (first, last)]
    inside = {_registered(shop, bound) for bound in bounds}
    before = _registered(shop, datetime.fromtimestamp(bounds[0].timestamp() - 1, UTC))
    after = _registered(shop, datetime.fromtimestamp(bounds[1].timestamp() + 1, UTC))

    def who(operator: str, days: str) -> set[int]:
        return _matching(sales, moment, "days_since_registration", operator, days)

    assert who("==", "1") == inside
    assert who(">", "1") == {before}
    assert who("<", "1") == {after}
    assert who("()", "1,0.5") == inside


def test_each_website_has_its_own_days(shop: ShopBuilder) -> None:
    sales = SalesBuilder(shop)
    shop.insert(shop.tables.website, website_id=2, code="au", name="Australia")
    shop.config(_ZONE, "America/Los_Angeles")
    shop.config(_ZONE, "Australia/Sydney", scope="websites", id=2)
    american = shop.customer(values={"dob": datetime.fromisoformat("1980-03-09 00:00:00")})
    australian = shop.customer(
        values={"dob": datetime.fromisoformat("1980-03-10 00:00:00")}, website_id=2
    )
    for website in (1, 2):
        shop.customer(
            values={"dob": datetime.fromisoformat("1980-03-11 00:00:00")}, website_id=website
        )

    found = _matching(sales, "2026-03-10 02:00", "days_until_birthday", "==", "0", 1, 2)

    assert found == {american, australian}


def test_the_days_between_orders_are_local_days(shop: ShopBuilder) -> None:
    sales = SalesBuilder(shop)
    shop.config(_ZONE, "America/Los_Angeles")
    ada = shop.customer()
    for time in ("2026-03-08 07:30:00", "2026-03-09 07:30:00"):  # the 7th; the 9th, 0:30
        at = datetime.fromisoformat(time).replace(tzinfo=UTC)
        shop.insert(sales.sales.order, customer_id=ada, created_at=at, state="complete", store_id=1)

    found = _matching(sales, "2026-03-10 12:00", "order_frequency_days", "==", "2")

    assert found == {ada}


def _registered(shop: ShopBuilder, at: datetime) -> int:
    customer_id = shop.customer()
    shop.change(shop.tables.customer, {"entity_id": customer_id}, created_at=at)
    return customer_id
