"""Configuration and stores read from the shop's tables."""

from __future__ import annotations

import pytest

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.stores import Store, Stores
from tests.shop_builder import ShopBuilder


def load_config(shop: ShopBuilder, **environ: str) -> StoreConfig:
    with shop.read() as tx:
        return StoreConfig.load(tx, environ)


def load_stores(shop: ShopBuilder) -> Stores:
    with shop.read() as tx:
        return Stores.load(tx)


@pytest.mark.parametrize("prefix", ["", "mh_"])
def test_a_value_is_the_stores_else_the_websites_else_the_default(shop: ShopBuilder) -> None:
    shop.config("a/b/c", "default")
    shop.config("a/b/c", "website", scope="websites", id=1)
    shop.config("a/b/c", "store", scope="stores", id=2)

    config = load_config(shop)

    assert [config.value("a/b/c", id) for id in (0, 1, 2)] == ["default", "website", "store"]
    assert config.value("trans_email/ident_sales/name", 2) == "Sales"


def test_a_null_hides_what_maho_ships(shop: ShopBuilder) -> None:
    path = "customer_segmentation/email_automation/cleanup_days"
    shop.config(path, None)

    config = load_config(shop)

    assert config.value(path) == ""
    assert config.number(path) is None


def test_overrides_find_their_store_by_its_code(shop: ShopBuilder) -> None:
    config = load_config(shop, MAHO_CONFIG__STORES__IT__GENERAL__LOCALE__CODE="it_IT")

    assert config.value("general/locale/code", 2) == "it_IT"
    assert config.value("general/locale/code", 1) == "en_US"


def test_stores_come_with_their_group_and_website(shop: ShopBuilder) -> None:
    stores = load_stores(shop)

    assert stores.by_id(2) == Store(2, "it", "Italiano", 1, 1, "Main Store", "Main", True)
    assert stores.default.store_id == 1
    assert stores.single_store_mode is False


def test_a_website_writes_from_its_groups_default_store(shop: ShopBuilder) -> None:
    shop.change(shop.tables.store_group, {"group_id": 1}, default_store_id=2)

    assert load_stores(shop).for_customer(None, None, 1).store_id == 2


def test_the_first_store_by_sort_order_stands_in_for_a_closed_one(shop: ShopBuilder) -> None:
    t = shop.tables
    shop.change(t.store, {"store_id": 1}, is_active=0)
    shop.insert(
        t.store,
        store_id=3,
        code="fr",
        website_id=1,
        group_id=1,
        name="F",
        sort_order=0,
        is_active=1,
    )

    assert load_stores(shop).for_customer(1, 1, 1).store_id == 3
