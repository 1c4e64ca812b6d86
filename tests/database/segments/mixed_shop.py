"""A shop with forty customers who did all kinds of things, the same ones in each run."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sales_builder import SalesBuilder

TEXTS = ("SAVE10", "save10", "O'B", "100%", "a?b", "50_off", "1000", "", None)
SKUS = ("A", "AB", "B_1", "C%")
AMOUNTS = ("0", "10.1", "20.2", "100", "200.5", "999.99", None)
STATES = ("complete", "complete", "new", "canceled", "closed", None)
AGES = (0, 1, 29, 30, 31, 90, 91)  # days

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def fill(sales: SalesBuilder) -> None:
    """Insert the customers, three products in two stores, and what the customers did."""
    pick = random.Random(7)  # noqa: S311 - data, not a secret
    products = [_product(sales, sku, number) for number, sku in enumerate(SKUS)]
    for _ in range(40):
        customer_id = _customer(sales, pick)
        for _ in range(pick.choice((0, 0, 1, 2))):
            _order(sales, pick, customer_id, products)
        for _ in range(pick.choice((0, 1, 2))):
            _cart(sales, pick, customer_id, products)
        for product_id in pick.sample(products, pick.choice((0, 0, 1, 3))):
            days, store_id = pick.choice(AGES), pick.choice((1, 2, None))
            sales.view(customer_id, product_id, days=days, store_id=store_id)
        _wishlist(sales, pick, customer_id, products)
    _reviews(sales)


def _product(sales: SalesBuilder, sku: str, number: int) -> int:
    special = {"special_price": "8"} if number % 2 else {}
    today = datetime(2026, 3, 10, tzinfo=UTC)
    until = {"special_to_date": today - number // 3 * _DAY}
    product_id = sales.product(
        sku, categories=range(number), name=f"Thing {sku}", price="10", **special, **until
    )
    sales.product_value(product_id, "name", f"Cosa {sku}", store_id=2)
    return product_id


def _customer(sales: SalesBuilder, pick: random.Random) -> int:
    shop = sales.shop
    customer_id = shop.customer(
        subscribed=False,
        firstname=pick.choice(("Ada", "ada", "O'B", "100%", None)),
        group_id=pick.choice((1, 2)),
    )
    age = pick.choice(AGES) * _DAY + pick.choice((0, 1, 59, 60)) * _MINUTE
    shop.change(shop.tables.customer, {"entity_id": customer_id}, created_at=shop.now - age)
    if status := pick.choice((None, 1, 1, 3)):
        shop.subscriber(customer_id, "x@example.test", status=status)
    return customer_id


def _order(sales: SalesBuilder, pick: random.Random, customer_id: int, products: list[int]) -> None:
    state, total = pick.choice(STATES), pick.choice(AMOUNTS)
    columns: dict[str, Any] = {
        "grand_total": total,
        "base_grand_total": total,
        "state": state,
        "status": state,
        "coupon_code": pick.choice(TEXTS),
        "discount_amount": pick.choice(("0", "-10.1", None)),
        "store_id": pick.choice((1, 2, None)),
    }
    age = pick.choice(AGES) * _DAY + pick.choice((0, 719, 721)) * _MINUTE
    order_id = sales.order(customer_id, ago=age, **columns)
    for product_id in pick.sample(products, pick.choice((0, 1, 2))):
        sku, qty = pick.choice((*SKUS, None)), pick.choice((1, 2, 4))
        sales.ordered(order_id, sku, product_id=product_id, qty_ordered=qty)


def _cart(sales: SalesBuilder, pick: random.Random, customer_id: int, products: list[int]) -> None:
    cart_id = sales.cart(
        customer_id,
        ago=pick.choice((0, 59, 60, 61, 119, 120, 1440)) * _MINUTE,
        is_active=pick.choice((0, 1, 1)),
        items_count=pick.choice((0, 1, 2)),
        base_grand_total=pick.choice(AMOUNTS),
        coupon_code=pick.choice(TEXTS),
        store_id=pick.choice((1, 2)),
    )
    for product_id in pick.sample(products, pick.choice((0, 1, 2))):
        sales.in_cart(cart_id, product_id, qty=pick.choice((1, 2, 4)))


def _wishlist(
    sales: SalesBuilder, pick: random.Random, customer_id: int, products: list[int]
) -> None:
    if pick.choice((True, False)):
        wishlist_id = sales.wishlist(customer_id, shared=pick.choice((0, 1)))
        for product_id in pick.sample(products, pick.choice((0, 1, 3))):
            sales.wish(wishlist_id, product_id, days=pick.choice(AGES))


def _reviews(sales: SalesBuilder) -> None:
    pick = random.Random(8)  # noqa: S311 - data, not a secret
    shop = sales.shop
    elsewhere = shop.store_of_another_website()
    for row in shop.rows(shop.tables.customer):
        for _ in range(pick.choice((0, 0, 1, 2, 3))):
            sales.review(
                pick.choice((row["entity_id"], row["entity_id"], row["entity_id"], None)),
                [pick.choice((1, 3, 4, 5, 5)) for _ in range(pick.choice((0, 1, 3, 3)))],
                days=pick.choice(AGES),
                status_id=pick.choice((1, 1, 2, 3)),
                store_id=pick.choice((1, 1, 2, 0, None, elsewhere)),
                entity_id=pick.choice((1, 1, 1, 2)),
            )
