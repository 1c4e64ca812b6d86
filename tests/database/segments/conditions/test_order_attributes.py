"""Who is matched by conditions on orders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

DAY = timedelta(days=1)
FAMILY = "order_attributes"


def test_one_order_of_several_is_enough(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, "50")
    sales.order(ada, "250")
    sales.order(bob, "50")

    assert sales.who(FAMILY, "grand_total", ">=", "250") == {ada}
    assert sales.who(FAMILY, "total_amount", "<", "100") == {ada, bob}


def test_a_negative_operator_means_an_order_that_differs(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, status="pending")
    sales.order(ada, status="complete")
    sales.order(bob, status="pending")
    sales.shop.customer()

    assert sales.who(FAMILY, "status", "!=", "pending") == {ada}


def test_negation_finds_who_never_had_such_an_order(sales: SalesBuilder) -> None:
    ada, bob, eve = (sales.shop.customer() for _ in range(3))
    sales.order(ada, status="pending")
    sales.order(bob, status="complete")
    sales.order(None, status="pending")

    pending = leaf(FAMILY, "status", "==", "pending")

    assert sales.matching(every(pending, expects=False)) == {bob, eve}


def test_an_order_without_a_coupon_satisfies_no_operator(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, coupon_code=None)
    sales.order(bob, coupon_code="SAVE10")

    assert sales.who(FAMILY, "coupon_code", "!=", "X") == {bob}
    assert sales.who(FAMILY, "coupon_code", "!{}", "X") == {bob}
    assert sales.who(FAMILY, "coupon_code", "==", "save10") == {bob}


@pytest.mark.parametrize("text", ["O'B", "100%", "a?b", "50_off", "%", "_", "a:b", "007"])
def test_text_means_itself(sales: SalesBuilder, text: str) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, coupon_code=f"x{text}y")
    sales.order(bob, coupon_code="x1000bab50xoff7y")

    assert sales.who(FAMILY, "coupon_code", "{}", text) == {ada}
    assert sales.who(FAMILY, "coupon_code", "==", f"x{text}y") == {ada}
    assert sales.who(FAMILY, "coupon_code", "!{}", text) == {bob}


def test_a_day_holds_until_its_midnight(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, created_at=sales.shop.now.replace(hour=23, minute=59, second=59))
    sales.order(bob, created_at=sales.shop.now.replace(day=11, hour=0))

    assert sales.who(FAMILY, "created_at", "==", "2026-03-10") == {ada}
    assert sales.who(FAMILY, "created_at", "<=", "2026-03-10") == {ada}
    assert sales.who(FAMILY, "created_at", ">=", "2026-03-11") == {bob}


def test_a_discount_is_a_positive_amount(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, discount_amount="-15")
    sales.order(bob, discount_amount="-5")

    assert sales.who(FAMILY, "discount_amount", ">=", "10") == {ada}


def test_the_last_order_decides_about_the_days(sales: SalesBuilder) -> None:
    ada, bob, _never = (sales.shop.customer() for _ in range(3))
    sales.order(ada, ago=200 * DAY)
    sales.order(ada, ago=10 * DAY)
    sales.order(bob, ago=91 * DAY)

    assert sales.who(FAMILY, "days_since_last_order", ">", "90") == {bob}
    assert sales.who(FAMILY, "days_since_last_order", "<=", "10") == {ada}
    assert sales.who(FAMILY, "days_since_last_order", "()", "10,91") == {ada, bob}


def test_a_canceled_order_adds_nothing_to_a_total(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.order(ada, "100.1")
    sales.order(ada, "200.2")
    sales.order(ada, "900", state="canceled")
    sales.order(bob, "900", state="canceled")

    assert sales.who(FAMILY, "total_ordered_amount", "==", "300.3") == {ada}
    assert sales.who(FAMILY, "average_order_amount", "==", "150.15") == {ada}


def test_totals_are_in_the_base_currency(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    sales.order(ada, base_grand_total="10", grand_total="1000", order_currency_code="JPY")

    assert sales.who(FAMILY, "total_ordered_amount", ">", "100") == set()
    assert sales.who(FAMILY, "currency_code", "==", "JPY") == {ada}


def test_a_payment_method_belongs_to_its_order(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    for customer_id, method in ((ada, "checkmo"), (bob, "paypal")):
        order_id = sales.order(customer_id)
        sales.shop.insert(sales.sales.order_payment, parent_id=order_id, method=method)

    assert sales.who(FAMILY, "payment_method", "==", "checkmo") == {ada}


def test_orders_of_other_websites_count_for_a_customer_of_this_one(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    elsewhere = sales.shop.customer(website_id=None)
    sales.order(ada, "300", store_id=7)
    sales.order(elsewhere, "300")

    assert sales.who(FAMILY, "subtotal", ">", "100") == set()
    assert sales.who(FAMILY, "grand_total", ">", "100") == {ada}
    assert sales.who(FAMILY, "store_id", "==", "7") == {ada}


@for_each(
    ("attribute", "operator", "value"),
    [
        ("nosuch", "==", "1"),
        ("grand_total", "==", "abc"),
        ("grand_total", ">", ""),
        ("grand_total", "[]", "1"),
        ("created_at", ">=", "-1 hour"),
        ("days_since_last_order", ">", None),
    ],
)
def test_an_unusable_condition_is_an_error(
    sales: SalesBuilder, attribute: str, operator: str, value: str | None
) -> None:
    with pytest.raises(ConditionError, match="order_attributes"):
        sales.who(FAMILY, attribute, operator, value)
