"""Conditions that only segmail has: lists, tiers, the minutes since registration."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.errors import ConditionError
from segmail.segments.conditions.families.customer_list import LONGEST
from segmail.segments.conditions.unknown_to_maho import needs_segmail
from tests.sales_builder import SalesBuilder, every, leaf


def test_customers_on_a_list_are_matched(sales: SalesBuilder) -> None:
    ada, bob, eve = (sales.shop.customer() for _ in range(3))

    assert sales.who("list", "customer_id", "()", [str(ada), str(eve), "999"]) == {ada, eve}
    assert sales.who("list", "customer_id", "()", f"{ada}, {bob},") == {ada, bob}
    assert sales.who("list", "customer_id", "!()", [str(ada)]) == {bob, eve}


def test_a_list_may_be_long(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()

    ids = [str(number) for number in range(1, LONGEST + 1)]

    assert sales.who("list", "customer_id", "()", ids) == {ada}
    with pytest.raises(ConditionError, match="20,001"):
        sales.who("list", "customer_id", "()", [*ids, "20001"])


@pytest.mark.parametrize(
    ("attribute", "operator", "value"),
    [
        ("customer_id", "()", "1,x"),
        ("customer_id", "()", "1.5"),
        ("customer_id", "==", "1"),
        ("email", "()", "a@example.test"),
    ],
)
def test_an_unusable_list_is_an_error(
    sales: SalesBuilder, attribute: str, operator: str, value: str
) -> None:
    with pytest.raises(ConditionError, match="list"):
        sales.who("list", attribute, operator, value)


def test_sales_close_to_a_tier_are_below_it(sales: SalesBuilder) -> None:
    totals = ("949.99", "950", "999.99", "1000")
    owners = {total: sales.shop.customer() for total in totals}
    for total, customer_id in owners.items():
        sales.order(customer_id, total)

    found = sales.who("customer_clv", "lifetime_sales_close_to", "==", "1000:50")

    assert found == {owners["950"], owners["999.99"]}


@pytest.mark.parametrize(
    ("operator", "value"),
    [("==", "1000"), ("==", "1000:x"), ("==", "NaN:1"), (">", "1000:50"), ("==", ":")],
)
def test_an_unusable_tier_is_an_error(sales: SalesBuilder, operator: str, value: str) -> None:
    with pytest.raises(ConditionError, match="lifetime_sales_close_to"):
        sales.who("customer_clv", "lifetime_sales_close_to", operator, value)


def test_minutes_since_registration_are_full_ones(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    for customer_id, seconds in ((ada, 30 * 60), (bob, 30 * 60 - 1)):
        created_at = sales.shop.now - timedelta(seconds=seconds)
        sales.shop.change(
            sales.shop.tables.customer, {"entity_id": customer_id}, created_at=created_at
        )

    family = "customer_attributes"

    assert sales.who(family, "minutes_since_registration", ">=", "30") == {ada}
    assert sales.who(family, "minutes_since_registration", "==", "29") == {bob}
    assert sales.who(family, "hours_since_registration", "<", "1") == {ada, bob}


def test_a_tree_with_an_own_condition_needs_segmail() -> None:
    mahos = leaf("cart_attributes", "is_active", "==", "1")
    own = leaf("cart_attributes", "hours_since_updated", ">=", "1")

    assert not needs_segmail(every(mahos, every()))
    assert needs_segmail(every(mahos, every(own)))
    assert needs_segmail(leaf("list", "customer_id", "()", ["1"]))
