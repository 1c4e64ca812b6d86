"""URLs as Maho 26.7.4 built them with the store current."""

from __future__ import annotations

from typing import Any

import pytest

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.stores import Store
from segmail.maho.storefront.urls import StoreUrls
from tests.each_case import for_each
from tests.recorded_urls import CASES, RECORDED, config_rows, recorded_config, recorded_stores


@for_each("case", CASES, ids=lambda case: case["case"])
def test_every_base_url_is_mahos(case: dict[str, Any]) -> None:
    for urls, recorded in urls_of(case):
        for kind, url in zip(RECORDED["kinds"], recorded["base"], strict=True):
            name, _, secure = kind.partition(" ")
            assert urls.base_url(name, secure=bool(secure)) == url


@for_each("case", CASES, ids=lambda case: case["case"])
def test_every_route_leads_where_mahos_does(case: dict[str, Any]) -> None:
    for urls, recorded in urls_of(case):
        for [route, params], url in zip(RECORDED["routes"], recorded["urls"], strict=True):
            assert urls.url(route, params) == url


@for_each("case", CASES, ids=lambda case: case["case"])
def test_subscribers_links_are_mahos(case: dict[str, Any]) -> None:
    for urls, recorded in urls_of(case):
        subscriber_id, code, unsubscribe, confirm = recorded["subscriber"]
        assert urls.unsubscribe_url(subscriber_id, code) == unsubscribe
        assert urls.confirm_url(subscriber_id, code) == confirm


def urls_of(case: dict[str, Any]) -> list[tuple[StoreUrls, dict[str, Any]]]:
    config, stores = recorded_config(case), recorded_stores(case)
    return [
        (StoreUrls(store, config, stores.single_store_mode), case["stores"][store.code])
        for store in stores.stores.values()
        if store.store_id
    ]


def some_urls(*, legacy: bool = False, **settings: str) -> StoreUrls:
    rows = [
        ["default", 0, path.replace("__", "/"), value]
        for path, value in {"web__unsecure__base_url": "http://a.test/", **settings}.items()
    ]
    store = Store(1, "one", "One", 1, 1, "Group", "Website", True)
    return StoreUrls(store, StoreConfig.from_rows(config_rows(rows)), legacy_routes=legacy)


@for_each(
    ("route", "params", "path"),
    [
        ("customer", {}, "customer/"),
        ("customer/account/login/referer/x", {}, "customer/account/login/?referer=x"),
        ("wishlist/index/index", {"a": "b"}, "wishlist/?a=b"),
        ("catalog/product/view", {}, "catalog/product/view/"),
        ("catalog/product/view", {"id": "x"}, "catalog/product/view/id/x/"),
        ("catalog/product/view/id/5/s/name", {}, "catalog/product/view/5/?s=name"),
        ("cms/page/view", {"page_id": 3, "b": True}, "cms/page/view/3/?b=1"),
        ("mymodule", {"id": "5"}, "mymodule/index/index/id/5/"),
        ("mymodule/a/b", {"x": "", "y": None, "z": False, "n": 7}, "mymodule/a/b/n/7/"),
        ("mymodule/a/b/odd", {}, "mymodule/a/b/"),
        ("x", {"_query": "raw=1&b"}, "x/?raw=1&b"),
        ("x", {"_query": {"b": None, "a~b": "c~ d"}}, "x/?a%7Eb=c%7E+d"),
        ("x", {"_query_b": "2", "_query_a": "1", "_fragment": "f"}, "x/?a=1&b=2#f"),
        ("", {"_direct": "page.html?x=1", "_query_y": "2"}, "page.html?x=1&y=2"),
        ("", {"_direct": "dir.d/page/"}, "dir.d/page/"),
        ("", {"_direct": "page."}, "page./"),
        ("", {"_direct": "\"'<>"}, "%22%27%3C%3E/"),
        ("", {"_nosid": True, "_current": False, "_absolute": True}, ""),
    ],
)
def test_parameters_go_where_maho_puts_them(
    route: str, params: dict[str, object], path: str
) -> None:
    assert some_urls().url(route, params) == f"http://a.test/{path}"


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("catalog/product/view", "index.php/catalog/product/view/id/5/"),
        ("checkout/cart", "index.php/checkout/cart/index/id/5/"),
    ],
)
def test_maho_up_to_26_3_has_parameters_in_the_path(route: str, path: str) -> None:
    urls = some_urls(legacy=True, web__seo__use_rewrites="0")

    assert urls.url(route, {"id": 5}) == f"http://a.test/{path}"


def test_maho_up_to_26_3_rewrites_unless_told_otherwise() -> None:
    assert some_urls(legacy=True).base_url() == "http://a.test/"
    assert some_urls(web__seo__use_rewrites="0").base_url() == "http://a.test/"


@for_each(
    ("params", "scheme"),
    [
        ({}, "http"),
        ({"_secure": "1"}, "https"),
        ({"_secure": "0"}, "http"),
        ({"_forced_secure": True}, "https"),
        ({"_secure": None}, "http"),
    ],
)
def test_a_page_is_secure_when_it_is_asked_for(params: dict[str, object], scheme: str) -> None:
    urls = some_urls(web__secure__base_url="https://a.test/", web__secure__use_in_frontend="1")

    assert urls.url("catalog/category/view", params).partition(":")[0] == scheme


def test_a_subscriber_without_a_code_gets_a_link_without_one() -> None:
    assert some_urls().unsubscribe_url(7, None).endswith("/unsubscribe/?id=7")


def test_a_broken_base_url_breaks_links_but_not_the_run() -> None:
    urls = some_urls(web__unsecure__base_url="http://[shop/")

    assert urls.url("", {"_direct": "//[x"}) == "http://[shop///[x/"
