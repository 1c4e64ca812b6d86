"""Who is matched by conditions on the products that customers looked at or wished for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

VIEWED = "product_viewed"
WISHED = "product_wishlist"


def test_a_viewed_product_is_found_by_id_sku_name_and_category(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    coat = sales.product("COAT", name="Winter coat", categories=[4])
    sales.view(ada, coat)
    sales.view(bob, sales.product("HAT", name="Sun hat", categories=[5]))
    sales.view(None, coat)

    assert sales.who(VIEWED, "product_id", "==", str(coat)) == {ada}
    assert sales.who(VIEWED, "product_sku", "==", "COAT") == {ada}
    assert sales.who(VIEWED, "product_name", "{}", "winter") == {ada}
    assert sales.who(VIEWED, "category_id", "()", "4, 9") == {ada}


def test_views_are_counted_and_the_last_one_has_a_date(sales: SalesBuilder) -> None:
    ada, bob, _none = (sales.shop.customer() for _ in range(3))
    first, second = sales.product("1"), sales.product("2")
    sales.view(ada, first, days=40)
    sales.view(ada, second, days=3)
    sales.view(bob, first, days=40)

    assert sales.who(VIEWED, "view_count", ">=", "2") == {ada}
    assert sales.who(VIEWED, "days_since_last_view", ">", "30") == {bob}
    assert sales.who(VIEWED, "last_viewed_at", "==", "2026-03-07") == {ada}


def test_days_belong_to_the_product_or_category_that_was_viewed(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    coat, hat = sales.product("COAT", categories=[4]), sales.product("HAT", categories=[5])
    sales.view(ada, coat, days=2)
    sales.view(bob, coat, days=20)
    sales.view(bob, hat, days=2)

    assert sales.who(VIEWED, "days_since_viewed_product", "<=", f"{coat}:7") == {ada}
    assert sales.who(VIEWED, "days_since_viewed_category", "<=", "4:7") == {ada}
    assert sales.who(VIEWED, "days_since_viewed_category", ">", "4:7") == {bob}


ON_SALE = {"price": "10", "special_price": "8"}
CLEARANCE: dict[str, tuple[dict[str, Any], bool]] = {
    "no special price": ({"price": "10"}, False),
    "special price for ever": ({"price": "10", "special_price": "8"}, True),
    "special price above": ({"price": "10", "special_price": "12"}, False),
    "begins today": ({"special_from_date": datetime(2026, 3, 10, tzinfo=UTC)}, True),
    "begins tomorrow": ({"special_from_date": datetime(2026, 3, 11, tzinfo=UTC)}, False),
    "ends today": ({"special_to_date": datetime(2026, 3, 10, tzinfo=UTC)}, True),
    "ended yesterday": ({"special_to_date": datetime(2026, 3, 9, tzinfo=UTC)}, False),
}


def test_clearance_is_a_special_price_that_holds_today(sales: SalesBuilder) -> None:
    viewers = {}
    for name, (values, _) in CLEARANCE.items():
        prices: dict[str, Any] = {} if "price" in values else ON_SALE
        viewers[name] = sales.shop.customer()
        sales.view(viewers[name], sales.product(name, **{**prices, **values}))

    found = sales.who(VIEWED, "on_clearance", "==", "1")

    assert found == {viewers[name] for name, (_, expected) in CLEARANCE.items() if expected}
    assert sales.who(VIEWED, "on_clearance", "==", "0") == set(viewers.values()) - found


def test_a_price_of_one_store_puts_nothing_on_clearance_elsewhere(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    coat = sales.product("COAT", price="10")
    sales.product_value(coat, "special_price", "5", store_id=2)
    sales.view(ada, coat, store_id=2)
    sales.view(bob, coat, store_id=1)

    assert sales.who(VIEWED, "on_clearance", "==", "1") == {ada}


def test_a_wished_product_is_found(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    coat = sales.product("COAT", name="O'Brien 100%", categories=[4])
    sales.wish(sales.wishlist(ada), coat, days=9)
    sales.wishlist(bob)

    for attribute, operator, value in (
        ("product_id", "==", str(coat)),
        ("product_sku", "{}", "oat"),
        ("product_name", "{}", "O'Brien 100%"),
        ("category_id", "==", "4"),
        ("added_at", "==", "2026-03-01"),
        ("added_at", "<", "2026-03-02"),
    ):
        assert sales.who(WISHED, attribute, operator, value) == {ada}


def test_the_newest_wish_decides_and_an_empty_wishlist_has_no_count(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    wishes = sales.wishlist(ada, shared=1)
    sales.wish(wishes, sales.product("1"), days=40)
    sales.wish(wishes, sales.product("2"), days=4)
    sales.wishlist(bob)

    assert sales.who(WISHED, "wishlist_items_count", "==", "2") == {ada}
    assert sales.who(WISHED, "wishlist_items_count", "==", "0") == set()
    assert sales.who(WISHED, "days_since_added", "<=", "4") == {ada}
    assert sales.who(WISHED, "wishlist_shared", "==", "1") == {ada}
    assert sales.who(WISHED, "wishlist_shared", "!=", "1") == {bob}


def test_who_did_not_look_is_found_by_negation(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    coat = sales.product("COAT")
    sales.view(ada, coat)
    sales.view(ada, sales.product("HAT"))

    seen = leaf(VIEWED, "product_id", "==", str(coat))

    assert sales.matching(every(seen, expects=False)) == {bob}


@for_each(
    ("family", "attribute", "value"),
    [
        (VIEWED, "nosuch", "1"),
        (VIEWED, "product_id", "COAT"),
        (VIEWED, "on_clearance", "yes"),
        (VIEWED, "days_since_viewed_product", "7"),
        (VIEWED, "days_since_viewed_product", "7:"),
        (VIEWED, "days_since_viewed_product", "a:7"),
        (WISHED, "nosuch", "1"),
        (WISHED, "wishlist_shared", "yes"),
    ],
)
def test_an_unusable_condition_is_an_error(
    sales: SalesBuilder, family: str, attribute: str, value: str
) -> None:
    with pytest.raises(ConditionError, match=family):
        sales.who(family, attribute, "==", value)
