"""Who is matched by the days since something happened; Maho's own fixture is among the tests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder

FAMILY = "customer_timebased"


def days(number: int) -> timedelta:
    return timedelta(days=number)


def login(sales: SalesBuilder, customer_id: int, ago: int) -> None:
    at = sales.shop.now - days(ago)
    sales.shop.insert(sales.sales.login, customer_id=customer_id, login_at=at)


def registered(sales: SalesBuilder, ago: int) -> int:
    customer_id = sales.shop.customer()
    customer = sales.shop.tables.customer
    created_at = sales.shop.now - days(ago)
    sales.shop.change(customer, {"entity_id": customer_id}, created_at=created_at)
    return customer_id


@pytest.fixture
def people(sales: SalesBuilder) -> dict[str, int]:
    """Recent logged in 5 and bought 10 and 40 days ago, single bought 100 days ago, dormant."""
    ids = {name: registered(sales, 200) for name in ("recent", "single", "dormant")}
    login(sales, ids["recent"], 5)
    login(sales, ids["recent"], 50)
    sales.order(ids["recent"], ago=days(10))
    sales.order(ids["recent"], ago=days(40))
    sales.order(ids["recent"], ago=days(1), state="canceled")
    sales.order(ids["single"], ago=days(100))
    return ids


@pytest.mark.both_engines
@for_each(
    ("attribute", "operator", "value", "matched"),
    [
        ("days_since_last_login", "<=", "30", "recent"),
        ("days_since_last_login", "==", "5", "recent"),
        ("days_since_last_order", "<=", "30", "recent"),
        ("days_since_last_order", "()", "10, 100", "recent single"),
        ("days_since_last_order", ">", "60", "single"),
        ("days_since_first_order", ">=", "0", "recent single"),
        ("days_since_first_order", "==", "40", "recent"),
        ("order_frequency_days", "<=", "60", "recent"),
        ("order_frequency_days", "<=", "10", ""),
        ("order_frequency_days", ">=", "0", "recent"),
        ("days_inactive", ">", "90", "single dormant"),
        ("days_inactive", "==", "5", "recent"),
        ("days_inactive", "==", "200", "dormant"),
        ("days_without_purchase", ">=", "100", "single dormant"),
        ("days_without_purchase", ">", "100", "dormant"),
        ("days_without_purchase", "<=", "100", "recent single"),
        ("days_without_purchase", "!=", "10", "single dormant"),
        ("days_without_purchase", "!()", "10,100", "dormant"),
    ],
)
def test_days(
    sales: SalesBuilder,
    people: dict[str, int],
    attribute: str,
    operator: str,
    value: str,
    matched: str,
) -> None:
    assert sales.who(FAMILY, attribute, operator, value) == {
        people[name] for name in matched.split()
    }


def test_the_average_between_orders_keeps_its_fraction(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    for ago in (0, 10, 20, 41):
        sales.order(ada, ago=days(ago))

    assert sales.who(FAMILY, "order_frequency_days", ">", "13.6") == {ada}
    assert sales.who(FAMILY, "order_frequency_days", "<", "13.7") == {ada}


@pytest.mark.parametrize(
    ("operator", "value", "matches"),
    [
        ("<=", "30", True),
        ("<=", "29.5", False),
        ("<", "30", False),
        ("<", "30.1", True),
        ("==", "30", True),
        ("==", "30.5", False),
        ("()", "30,7", True),
        ("<=", "999999999999999", True),
        ("<=", "-1", False),
        (">=", "-1", True),
    ],
)
def test_an_order_at_midnight_belongs_to_the_day_that_begins(
    sales: SalesBuilder, operator: str, value: str, matches: bool
) -> None:
    ada = sales.shop.customer()
    sales.order(ada, ago=days(30) + timedelta(hours=12))  # it is noon now
    sales.order(ada, ago=days(80))

    found = sales.who(FAMILY, "days_since_last_order", operator, value)

    assert found == ({ada} if matches else set())


def test_an_order_of_the_future_is_less_than_no_days_ago(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    sales.order(ada, ago=days(-2))

    assert sales.who(FAMILY, "days_since_last_order", "<=", "-2") == {ada}
    assert sales.who(FAMILY, "days_since_last_order", "<=", "5") == {ada}
    assert sales.who(FAMILY, "days_since_last_order", "==", "0") == set()
    assert sales.who(FAMILY, "days_without_purchase", ">", "0") == set()


@pytest.mark.parametrize("operator", [">", ">="])
def test_an_order_of_a_guest_is_nobodys(sales: SalesBuilder, operator: str) -> None:
    ada = sales.shop.customer()
    sales.order(None, ago=days(5))

    assert sales.who(FAMILY, "days_since_last_order", operator, "0") == set()
    assert sales.who(FAMILY, "days_without_purchase", operator, "0") == {ada}


@for_each(("attribute", "value"), [("nosuch", "1"), ("days_inactive", "1 OR 1=1")])
def test_what_means_nothing_is_refused(sales: SalesBuilder, attribute: str, value: str) -> None:
    with pytest.raises(ConditionError):
        sales.who(FAMILY, attribute, ">=", value)
