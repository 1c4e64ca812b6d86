"""Conditions on the reviews that a customer wrote."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder


def test_stars_are_the_average_of_a_reviews_ratings(sales: SalesBuilder, shop: ShopBuilder) -> None:
    all_five, mixed, old = shop.customer(), shop.customer(), shop.customer()
    sales.review(all_five, (5, 5, 5))
    sales.review(mixed, (5, 5, 4))
    sales.review(mixed, (1, 1, 1))
    sales.review(old, ())  # written before the shop had ratings
    by_value = shop.customer()
    review_id = sales.review(by_value, ())
    shop.insert(sales.sales.rating_vote, review_id=review_id, rating_id=1, percent=0, value=4)

    assert sales.who("review", "rating", "==", "5") == {all_five}
    assert sales.who("review", "rating", ">=", "4.6667") == {all_five, mixed}
    assert sales.who("review", "rating", "<", "2") == {mixed}
    assert sales.who("review", "rating", "==", "4") == {by_value}


def test_only_approved_reviews_of_products_by_the_customer_count(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    ada, bob = shop.customer(), shop.customer()
    sales.review(ada, status_id=2)
    sales.review(ada, status_id=3)
    sales.review(ada, entity_id=2)
    sales.review(None)
    sales.review(bob)

    assert sales.who("review", "count", ">=", "1") == {bob}
    assert sales.who("review", "count", "==", "0") == {ada}
    assert sales.who("review", "count", "!=", "1") == {ada}
    assert sales.who("review", "rating", ">", "0") == {bob}


def test_reviews_in_stores_of_another_website_are_somebody_elses(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    here, there, nowhere = shop.customer(), shop.customer(), shop.customer()
    sales.review(here, store_id=2)
    sales.review(there, store_id=shop.store_of_another_website())
    sales.review(nowhere, store_id=None)

    assert sales.who("review", "count", "==", "1") == {here, nowhere}


def test_days_count_from_the_latest_review_by_the_websites_clock(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    shop.config("general/locale/timezone", "America/Los_Angeles")
    shop.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    ada, bob, never = shop.customer(), shop.customer(), shop.customer()
    sales.review(ada, days=40)
    sales.review(ada, created_at=datetime(2026, 3, 9, 6, 59, tzinfo=UTC))  # the 8th, 23:59
    sales.review(bob, days=30)

    assert sales.who("review", "days_since", "==", "2") == {ada}
    assert sales.who("review", "days_since", "<=", "30") == {ada, bob}
    assert sales.who("review", "days_since", ">", "2") == {bob}
    assert never not in sales.who("review", "days_since", "!=", "2")
