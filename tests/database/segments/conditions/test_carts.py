"""Who is matched by conditions on carts and what is in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FAMILY = "cart_attributes"
ZERO = "0000-00-00 00:00:00"


def test_only_active_carts_count_except_for_the_status(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.cart(ada, base_grand_total="300")
    sales.cart(bob, base_grand_total="300", is_active=0)
    sales.cart(None, base_grand_total="300")

    assert sales.who(FAMILY, "base_grand_total", ">", "200") == {ada}
    assert sales.who(FAMILY, "is_active", "==", "1") == {ada}
    assert sales.who(FAMILY, "is_active", "==", "0") == {bob}


@pytest.mark.both_engines
@for_each(
    ("operator", "value", "ages"),
    [
        (">=", "2", {120, 179, 180}),
        (">", "2", {180}),
        ("<", "2", {0, 60, 119}),
        ("<=", "2", {0, 60, 119, 120, 179}),
        ("==", "2", {120, 179}),
        ("!=", "2", {0, 60, 119, 180}),
        ("()", "0,2", {0, 120, 179}),
        ("!()", "0,2", {60, 119, 180}),
    ],
)
def test_full_hours_since_a_cart_was_changed_count(
    sales: SalesBuilder, operator: str, value: str, ages: set[int]
) -> None:
    owners = {minutes: sales.shop.customer() for minutes in (0, 60, 119, 120, 179, 180)}
    for minutes, customer_id in owners.items():
        sales.cart(customer_id, ago=minutes * MINUTE)

    found = sales.who(FAMILY, "hours_since_updated", operator, value)

    assert found & {*owners.values()} == {owners[minutes] for minutes in ages}


def test_a_cart_is_as_old_as_its_last_change(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.cart(ada, ago=5 * HOUR, updated_at=sales.shop.now - 30 * MINUTE)
    _never_change(sales, sales.cart(bob, ago=2 * HOUR))

    assert sales.who(FAMILY, "minutes_since_updated", "<=", "30") == {ada}
    assert sales.who(FAMILY, "hours_since_updated", "==", "2") == {bob}
    assert sales.who(FAMILY, "hours_since_created", ">=", "5") == {ada}
    assert sales.who(FAMILY, "minutes_since_created", "<", "121") == {bob}


def _never_change(sales: SalesBuilder, cart_id: int) -> None:
    """Give the cart the zero date that Maho's column has by default."""
    zero = f"UPDATE sales_flat_quote SET updated_at = '{ZERO}' WHERE entity_id = {cart_id}"
    with sales.shop.database.engine.begin() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(text("SET SESSION sql_mode = ''"))  # MySQL refuses zero dates
        connection.execute(text(zero))


def test_a_coupon_in_a_cart_is_text(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.cart(ada, coupon_code="a?b", applied_rule_ids="1,12")
    sales.cart(bob, coupon_code="a'b", applied_rule_ids=None)

    assert sales.who(FAMILY, "coupon_code", "==", "a?b") == {ada}
    assert sales.who(FAMILY, "applied_rule_ids", "!=", "2") == {ada}


def test_no_cart_at_all_is_found_by_negation(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.cart(ada)

    assert sales.matching(every(leaf(FAMILY, "is_active", "==", "1"), expects=False)) == {bob}


def test_items_of_an_active_cart_count(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    red = sales.product("RED", name="Red chair", categories=[3])
    sales.in_cart(sales.cart(ada), red, qty=2, product_type="configurable")
    sales.in_cart(sales.cart(bob, is_active=0), red, qty=2, product_type="configurable")

    for attribute, value in (
        ("qty", "2"),
        ("product_sku", "red"),
        ("product_name", "Red chair"),
        ("product_type", "configurable"),
        ("category_id", "3"),
    ):
        assert sales.who("cart_items", attribute, "==", value) == {ada}


def test_the_name_in_the_carts_store_counts(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    chair = sales.product("CHAIR", name="Chair")
    sales.product_value(chair, "name", "Sedia", store_id=2)
    sales.in_cart(sales.cart(ada), chair)
    sales.in_cart(sales.cart(bob, store_id=2), chair)

    assert sales.who("cart_items", "product_name", "==", "Chair") == {ada}
    assert sales.who("cart_items", "product_name", "==", "Sedia") == {bob}


@for_each(
    ("attribute", "operator", "value"),
    [
        ("hours_since_updated", ">=", "1.5"),
        ("hours_since_updated", ">=", ""),
        ("hours_since_updated", "{}", "1"),
        ("hours_since_updated", ">=", "99999999"),
        ("items_count", ">", "many"),
        ("days_since_updated", ">", "1"),
    ],
)
def test_an_unusable_condition_is_an_error(
    sales: SalesBuilder, attribute: str, operator: str, value: str
) -> None:
    with pytest.raises(ConditionError, match="cart_attributes"):
        sales.who(FAMILY, attribute, operator, value)


def test_an_unknown_attribute_of_items_is_an_error(sales: SalesBuilder) -> None:
    for attribute in ("nosuch", "product_nosuch", ""):
        with pytest.raises(ConditionError, match="cart_items"):
            sales.who("cart_items", attribute, "==", "1")
