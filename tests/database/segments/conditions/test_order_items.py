"""Who is matched by conditions on the products that customers bought."""

from __future__ import annotations

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

FAMILY = "order_items"


def test_a_bought_sku_is_found_and_a_canceled_one_is_not(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.ordered(sales.order(ada), "TV-1", qty_ordered=2)
    sales.ordered(sales.order(bob, state="canceled"), "TV-1", qty_ordered=2)

    assert sales.who(FAMILY, "product_sku", "()", "TV-1, TV-2") == {ada}
    assert sales.who(FAMILY, "qty_ordered", ">=", "2") == {ada}


def test_a_name_is_compared_as_text_without_wildcards(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.ordered(sales.order(ada), name="100% Wool O'B?")
    sales.ordered(sales.order(bob), name="1000 Wool")

    assert sales.who(FAMILY, "product_name", "{}", "100%") == {ada}
    assert sales.who(FAMILY, "product_name", "{}", "O'B?") == {ada}


def test_who_did_not_buy_it_is_found_by_negation(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.ordered(sales.order(ada), "A")
    sales.ordered(sales.order(ada), "B")

    assert sales.who(FAMILY, "product_sku", "!=", "A") == {ada}
    assert sales.matching(every(leaf(FAMILY, "product_sku", "==", "A"), expects=False)) == {bob}


def test_a_product_in_the_category_was_bought(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    tv, radio = sales.product("TV", categories=[5, 6]), sales.product("R", categories=[7])
    sales.ordered(sales.order(ada), product_id=tv)
    sales.ordered(sales.order(bob), product_id=radio)

    assert sales.who(FAMILY, "category_id", "==", "5") == {ada}
    assert sales.who(FAMILY, "category_id", "()", "6,7") == {ada, bob}


def test_a_product_attribute_has_the_value_of_the_orders_store(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    chair = sales.product("CHAIR", color=3)
    sales.product_value(chair, "color", 4, store_id=2)
    sales.ordered(sales.order(ada), product_id=chair, store_id=1)
    sales.ordered(sales.order(bob), product_id=chair, store_id=2)

    assert sales.who(FAMILY, "product_color", "==", "3") == {ada}
    assert sales.who(FAMILY, "product_color", "==", "4") == {bob}
    assert sales.who(FAMILY, "product_price", ">", "0") == set()


def test_choices_are_compared_one_by_one(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.ordered(sales.order(ada), product_id=sales.product("A", materials="12,13"))
    sales.ordered(sales.order(bob), product_id=sales.product("B", materials="112"))

    assert sales.who(FAMILY, "product_materials", "==", "12") == {ada}
    assert sales.who(FAMILY, "product_materials", "{}", "12") == {ada}
    assert sales.who(FAMILY, "product_materials", "()", ["13", "112"]) == {ada, bob}
    assert sales.who(FAMILY, "product_materials", "!()", "12,14") == {bob}


@for_each(
    ("attribute", "operator", "value"),
    [
        ("product_sku", "==", ""),
        ("product_sku", "()", ","),
        ("product_nosuch", "==", "1"),
        ("product_category_ids", "==", "1"),
        ("product_materials", ">", "1"),
        ("product_materials", "==", []),
        ("category_id", "==", "TVs"),
        ("nosuch", "==", "1"),
    ],
)
def test_an_unusable_condition_is_an_error(
    sales: SalesBuilder, attribute: str, operator: str, value: str | list[str]
) -> None:
    with pytest.raises(ConditionError, match="order_items"):
        sales.who(FAMILY, attribute, operator, value)
