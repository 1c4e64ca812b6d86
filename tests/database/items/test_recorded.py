"""What mails show of products, carts, orders and lists is what a running Maho showed.

Where it differs on purpose, the difference is named here and in docs/mail.md.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from segmail.maho.catalog.prices import PriceList
from segmail.maho.catalog.products import LISTED, Product, Products
from segmail.mail.items.needs import ItemNeeds
from segmail.mail.items.reader import MailItems
from segmail.mail.items.shown import ShownItem
from tests.recorded_content import PRODUCT_IDS, RECORDED, RECORDED_AT, ContentShop

pytestmark = pytest.mark.both_engines

_SHOWS = ItemNeeds(cart=True, order=True)
_NAMES = {product_id: key for key, product_id in PRODUCT_IDS.items()}


def _products(content: ContentShop) -> Products:
    shelf = content.shelf
    with content.shop.read() as tx:
        return Products.load(
            tx,
            shelf.attributes(tx),
            PRODUCT_IDS.values(),
            stores=shelf.sites.stores.speaking,
            group_ids={0, 1, 4},
        )


def _store(content: ContentShop, code: str) -> Any:
    return next(it for it in content.shelf.sites.stores.speaking if it.code == code)


def _prices(content: ContentShop, code: str) -> PriceList:
    store, shelf = _store(content, code), content.shelf
    default = shelf.locales[shelf.sites.stores.defaults[store.website_id]]
    with content.shop.read() as tx:
        taxes = shelf.taxes(tx)
    return PriceList(
        taxes, content.config, shelf.locales[store.store_id], store.store_id,
        default.today(RECORDED_AT),
    )  # fmt: skip


def test_every_recorded_product_has_mahos_name_page_picture_and_price(content: ContentShop) -> None:
    products = _products(content)
    seen = 0
    for case in RECORDED["products"]:
        product = products.of(case["id"], _store(content, case["store"]), case["group"])
        if product is None:
            assert case["key"] == "nocat"  # deleted since
            continue
        seen += 1
        assert product.name == case["name"]
        if case["group"] == 0:
            _check_page(content, product, case)
        if product.can_be_listed:
            _check_price(_prices(content, case["store"]), product, case)
    assert seen == 189


def _check_page(content: ContentShop, product: Product, case: dict[str, Any]) -> None:
    window = content.shelf.window(content.cache.sites.of(_store(content, case["store"])))
    assert product.can_be_listed == (
        case["in_price_index"] and case["visibility"] in LISTED and case["salable"]
        and case["status"] == 1 and case["in_website"]
    )  # fmt: skip
    if product.has_page:
        url, _, query = window.product(product).partition("?")
        assert url == case["url"]
        # Maho leaves the view out, and its own link to a product of this view is a 404 page.
        assert query == ("___store=de" if case["store"] == "de" else "")
    assert unquote(window.picture(product.picture)) == (case["media_url"] or "")


def _check_price(prices: PriceList, product: Product, case: dict[str, Any]) -> None:
    price, box = prices.price_of(product, case["group"]), _plain(case["list_price_text"])
    assert price is not None, case["key"]
    assert all(_plain(text) in box for text in (*price.now, *price.was)), (case["key"], price)
    assert bool(price.was) == ("Regular Price" in box)
    if product.type_id in ("bundle", "grouped"):
        assert price.starts_at


def test_every_recorded_cart_shows_mahos_rows_and_totals(content: ContentShop) -> None:
    for case in RECORDED["carts"]:
        if case["customer_id"] is None:
            continue
        shown = content.mail(case["customer_id"], case["store"], _SHOWS)
        if case["key"] == "empty":
            assert shown.cart is None
        elif not case["is_customers_active_cart"]:
            assert shown.cart is not None
            assert shown.cart.cart.cart_id != case["quote_id"]
        else:
            _check_cart(shown, case)


def _check_cart(shown: MailItems, case: dict[str, Any]) -> None:
    cart = shown.cart
    assert cart is not None
    assert cart.cart.cart_id == case["quote_id"]
    both = {"1": ("shown_row_excl",), "2": ("shown_row_incl",)}.get(
        case["cart_display_price"], ("shown_row_excl", "shown_row_incl")
    )
    sold = [it for it in case["items"] if not it["errors"]]
    assert [it.name for it in cart.items] == [it["name"] for it in sold]
    for item, row in zip(cart.items, sold, strict=True):
        assert item.url.partition("?")[0] == row["url"]
        assert float(item.quantity) == row["qty"]
        assert [*map(_plain, item.amounts)] == [_plain(row[name]) for name in both]
        if row["type"] != "bundle":
            _check_options(item, row)
    variable = shown.variables()["cart"]
    totals = {total["code"]: _plain(total["shown"]) for total in case["totals"]}
    member = variable.member  # type: ignore[attr-defined]
    assert member("", "url", ()).partition("?")[0] == case["cart_url"]
    assert _plain(member("", "subtotal", ())) == totals["subtotal"]
    # Until a way of shipping is chosen, a cart's total is not what will be paid.
    chosen = "shipping" in totals or case["key"] == "virtual"
    assert _plain(member("", "grand_total", ())) == (totals["grand_total"] if chosen else "")


def _check_options(item: ShownItem, row: dict[str, Any]) -> None:
    assert [(it.label, it.value) for it in item.options] == [
        (option["label"], option["print_value"] if option.get("print_value") else option["value"])
        for option in row["options"]
    ]


def test_every_recorded_order_shows_mahos_number_state_date_and_rows(content: ContentShop) -> None:
    newest = 0
    for case in RECORDED["orders"]:
        shown = content.mail(case["customer_id"], case["store"], _SHOWS)
        order = shown.order
        if case["state"] == "canceled" or order is None:
            assert order is None or order.order.order_id != case["order_id"]
            continue
        newest += 1
        member = shown.variables()["order"].member  # type: ignore[attr-defined]
        printed = shown.printed.in_subject
        assert printed(member("", "increment_id", ())) == case["increment_id"]
        assert printed(member("", "status_label", ())) == case["status_label"]
        assert member("", "created_at", ()) == case["date_medium"]
        assert _plain(member("", "grand_total", ())) == _plain(case["grand_total_shown"])
        assert member("", "url", ()).partition("?")[0] == case["view_url"]
        assert printed(member("", "tracking_numbers", ())) == ", ".join(case["tracks"])
        excl_or_incl = "shown_row_incl" if case["store"] == "de" else "shown_row_excl"
        for item, row in zip(order.items, case["items"], strict=True):
            assert item.name == row["name"]
            assert _plain(item.amounts[0]) == _plain(row[excl_or_incl])
            _check_options(item, row)
    assert newest == 3


def test_lists_pass_mahos_gate(content: ContentShop) -> None:
    """Of Maho's recorded lists, what the customer has bought or has in the cart is left out."""
    checked = 0
    for case in RECORDED["lists"]:
        if case["list"] != "viewed":
            continue
        shown = content.mail(
            case["customer_id"], case["store"], ItemNeeds(lists=frozenset(["viewed"]))
        )
        assert shown.lists is not None
        found = [_NAMES[product_id] for product_id, _ in shown.lists.candidates("viewed")]
        assert set(found) <= set(case["shown"])
        checked += bool(found)
    assert checked


def _plain(text: str | None) -> str:
    return (text or "").replace("\xa0", " ")
