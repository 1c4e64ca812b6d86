"""Which store speaks to a customer."""

from __future__ import annotations

import pytest

from segmail.errors import ConfigError
from segmail.maho.storefront.stores import Store, Stores
from tests.each_case import for_each


def store(store_id: int, website_id: int, *, is_active: bool = True) -> Store:
    return Store(store_id, f"s{store_id}", "", website_id, website_id, "", "", is_active)


def shop(*stores: Store, defaults: dict[int, int] | None = None) -> Stores:
    return Stores({each.store_id: each for each in stores}, defaults or {}, 1)


SHOP = shop(
    store(0, 0),
    store(1, 1),
    store(2, 1),
    store(3, 2, is_active=False),
    store(4, 2),
    store(5, 3, is_active=False),
    defaults={0: 0, 1: 2, 2: 3, 3: 5},
)


@for_each(
    ("subscriber_store", "customer_store", "website", "chosen", "why"),
    [
        (1, 4, 2, 1, "the subscriber's store"),
        (None, 4, 2, 4, "the customer's, without a subscriber's"),
        (0, 4, 2, 4, "the admin is nobody's store"),
        (3, 4, 2, 4, "an inactive store is passed over"),
        (99, 4, 2, 4, "a deleted store is passed over"),
        (None, None, 1, 2, "the default store of the website"),
        (0, 0, 2, 4, "an active store of the website, where its default is not"),
        (0, 0, 3, 2, "the shop's default, where the website has no active store"),
        (None, None, None, 2, "the shop's default, without a website"),
        (None, None, 0, 2, "the shop's default, for the admin's website"),
    ],
)
def test_the_store_that_writes(
    subscriber_store: int | None,
    customer_store: int | None,
    website: int | None,
    chosen: int,
    why: str,
) -> None:
    assert SHOP.for_customer(subscriber_store, customer_store, website).store_id == chosen, why


def test_a_shop_without_an_active_store_is_a_fault() -> None:
    closed = shop(store(0, 0), store(1, 1, is_active=False))

    with pytest.raises(ConfigError, match="no active store"):
        closed.for_customer(1, 1, 1)


def test_a_shop_without_a_default_website_writes_from_its_first_active_store() -> None:
    stores = Stores({4: store(4, 2)}, {}, None)

    assert stores.default.store_id == 4


@pytest.mark.parametrize(
    ("stores", "is_single"),
    [((store(0, 0), store(1, 1)), True), ((store(0, 0), store(1, 1), store(2, 1)), False)],
)
def test_the_admin_does_not_count_among_the_stores(
    stores: tuple[Store, ...], is_single: bool
) -> None:
    assert shop(*stores).single_store_mode is is_single


def test_a_store_is_found_by_id_or_not_at_all() -> None:
    assert SHOP.by_id(3) == store(3, 2, is_active=False)
    assert SHOP.by_id(99) is None
    assert SHOP.by_id(None) is None
