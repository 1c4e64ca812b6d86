"""Who is matched by lifetime value; the figures are those of Maho's own tests."""

from __future__ import annotations

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

FAMILY = "customer_clv"

# Orders of each customer: state, total, refunds.
PEOPLE: dict[str, list[tuple[str, int, list[int]]]] = {
    "high": [("complete", 150, []), ("processing", 200, [])],
    "medium": [("complete", 200, [50]), ("complete", 100, [])],
    "zero": [("complete", 100, [100])],
    "negative": [("complete", 100, [120])],
    "closed": [("complete", 100, []), ("closed", 200, [150, 50])],
    "canceled": [("canceled", 100, []), ("canceled", 200, [])],
    "none": [],
}


@pytest.fixture
def people(sales: SalesBuilder) -> dict[str, int]:
    ids = {name: sales.shop.customer() for name in PEOPLE}
    for name, orders in PEOPLE.items():
        for state, total, refunds in orders:
            order_id = sales.order(ids[name], str(total), state=state)
            for amount in refunds:
                refund(sales, order_id, amount)
    return ids


def refund(sales: SalesBuilder, order_id: int, amount: float, *, state: int = 2) -> None:
    sales.shop.insert(sales.sales.creditmemo, order_id=order_id, grand_total=amount, state=state)


@for_each(
    ("attribute", "operator", "value", "matched"),
    [
        ("lifetime_sales", ">=", "300", "high medium"),
        ("lifetime_sales", "==", "0", "canceled none"),
        ("lifetime_sales", "()", "350, 0", "high canceled none"),
        ("number_of_orders", "==", "0", "canceled none"),
        ("number_of_orders", ">=", "2", "high medium"),
        ("number_of_orders", "!=", "1", "high medium canceled none"),
        ("average_order_value", ">", "150", "high"),
        ("average_order_value", "<", "100", "canceled none"),
        ("lifetime_profit", ">=", "250", "high medium"),
        ("lifetime_profit", "==", "0", "zero canceled none"),
        ("lifetime_profit", "<", "0", "negative"),
        ("lifetime_profit", "==", "100", "closed"),
        ("lifetime_refunds", ">=", "120", "negative closed"),
        ("lifetime_refunds", "==", "0", "high canceled none"),
        ("lifetime_refunds", ">", "0", "medium zero negative closed"),
    ],
)
def test_totals(
    sales: SalesBuilder,
    people: dict[str, int],
    attribute: str,
    operator: str,
    value: str,
    matched: str,
) -> None:
    found = sales.who(FAMILY, attribute, operator, value)

    assert {name for name, id in people.items() if id in found} == set(matched.split())


def test_a_canceled_refund_is_none(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    order_id = sales.order(ada, "100")
    refund(sales, order_id, 40, state=3)
    refund(sales, order_id, 10, state=2)

    assert sales.who(FAMILY, "lifetime_refunds", "==", "10") == {ada}
    assert sales.who(FAMILY, "lifetime_profit", "==", "90") == {ada}


def test_amounts_are_in_the_base_currency(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    order_id = sales.order(ada, grand_total="80", base_grand_total="100")
    refund(sales, order_id, 8)

    assert sales.who(FAMILY, "lifetime_sales", "==", "100") == {ada}
    assert sales.who(FAMILY, "lifetime_refunds", "==", "10") == {ada}
    assert sales.who(FAMILY, "lifetime_profit", "==", "90") == {ada}


def test_cents_add_up(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    for total in ("0.10", "0.20", "999.99"):
        sales.order(ada, total)

    assert sales.who(FAMILY, "lifetime_sales", "==", "1000.29") == {ada}


def test_a_negation_is_right_for_who_never_ordered(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada)
    sales.order(None)

    bought = leaf(FAMILY, "number_of_orders", ">", "0")

    assert sales.matching(every(bought, expects=False)) == {bob}


def test_an_unknown_attribute_is_refused(sales: SalesBuilder) -> None:
    with pytest.raises(ConditionError, match="lifetime_orders"):
        sales.who(FAMILY, "lifetime_orders", ">", "1")
