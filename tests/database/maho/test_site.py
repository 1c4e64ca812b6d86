"""What templates see of a store, with its texts and permissions in the shop's tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from segmail.errors import TemplateError
from segmail.maho.config import StoreConfig
from segmail.maho.customers import Customer, Subscriber, SubscriberStatus
from segmail.maho.objects import customer_object, store_object, subscriber_object
from segmail.maho.site import Sites, StoreSite
from segmail.maho.stores import Stores
from segmail.templates import Kind, compile_template
from tests.recorded_urls import CASES, RECORDED, recorded_config, recorded_stores
from tests.shop_builder import ShopBuilder

# Maho's installer allows these.
ALLOWED = (
    "general/store_information/name",
    "trans_email/ident_general/email",
    "web/unsecure/base_url",
)


@pytest.fixture
def sites(shop: ShopBuilder) -> Sites:
    allow(shop, *ALLOWED)
    return sites_of(shop)


def sites_of(shop: ShopBuilder, *, maho_root: Path | None = None) -> Sites:
    with shop.database.read() as connection:
        config = StoreConfig.load(connection, shop.tables)
        stores = Stores.load(connection, shop.tables)
    return Sites(shop.database, shop.tables, config, stores, maho_root)


def site_of(sites: Sites, store_id: int) -> StoreSite:
    store = sites.stores.by_id(store_id)
    assert store
    return sites.of(store)


def allow(shop: ShopBuilder, *paths: str, is_allowed: int = 1) -> None:
    for path in paths:
        shop.insert(shop.tables.permission_variable, variable_name=path, is_allowed=is_allowed)


def render(source: str, variables: Mapping[str, object], site: StoreSite) -> str:
    return compile_template(source, kind=Kind.HTML).render(variables, site)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_every_directive_says_what_mahos_sender_said(
    shop: ShopBuilder, case: dict[str, Any]
) -> None:
    allow(shop, *ALLOWED)
    stores = recorded_stores(case)
    sites = Sites(shop.database, shop.tables, recorded_config(case), stores)

    for store in list(stores.stores.values())[1:]:
        recorded = case["stores"][store.code]
        site = sites.of(store)
        subscriber_id, code, *_ = recorded["subscriber"]
        subscriber = Subscriber(subscriber_id, 1, 1, "", SubscriberStatus.SUBSCRIBED, code)
        variables = {
            "store": store_object(site),
            "subscriber": subscriber_object(subscriber, site, {}, {}),
        }
        for template, output in zip(RECORDED["templates"], recorded["directives"], strict=True):
            assert render(template, variables, site) == output, (store.code, template)


def test_only_allowed_settings_are_shown(shop: ShopBuilder, sites: Sites) -> None:
    allow(shop, "system/smtp/password", is_allowed=0)
    shop.config("system/smtp/password", "secret")

    site = site_of(sites, 1)

    assert site.config("general/store_information/name") == "Test Shop"
    assert site.config("system/smtp/password") is None
    assert site.config("general/locale/code") is None


def test_a_custom_variable_is_the_stores_else_the_default(shop: ShopBuilder) -> None:
    promo = shop.insert(shop.tables.variable, code="promo", name="Promo")
    for store_id, html, plain in [(1, "<b>all</b>", "all"), (2, None, "it")]:
        value = {"store_id": store_id, "html_value": html, "plain_value": plain}
        shop.insert(shop.tables.variable_value, variable_id=promo, **value)
    sites = sites_of(shop)

    assert site_of(sites, 1).custom_variable("promo") == "<b>all</b>"
    assert site_of(sites, 2).custom_variable("promo") == "it"
    assert site_of(sites, 1).custom_variable("nosuch") is None


def test_a_custom_variable_falls_back_value_by_value_to_store_0(shop: ShopBuilder) -> None:
    admin_store(shop)
    promo = shop.insert(shop.tables.variable, code="promo", name="Promo")
    for store_id, html, plain in [(0, "<b>all</b>", "all"), (1, None, "one"), (2, "", "two")]:
        value = {"store_id": store_id, "html_value": html, "plain_value": plain}
        shop.insert(shop.tables.variable_value, variable_id=promo, **value)
    sites = sites_of(shop)

    assert site_of(sites, 1).custom_variable("promo") == "<b>all</b>"
    assert site_of(sites, 2).custom_variable("promo") == "two"


def test_a_plain_variable_is_escaped_and_keeps_its_lines(shop: ShopBuilder) -> None:
    promo = shop.insert(shop.tables.variable, code="promo", name="Promo")
    plain = 'a & b\'s "<c>" &euro; &#8364;\r\nd\ne'
    shop.insert(
        shop.tables.variable_value, variable_id=promo, store_id=1, html_value="", plain_value=plain
    )

    shown = site_of(sites_of(shop), 1).custom_variable("promo")

    assert shown == ("a &amp; b's &quot;&lt;c&gt;&quot; &euro; &#8364;<br />\r\nd<br />\ne")


def test_an_included_template_is_the_current_one_with_that_code(shop: ShopBuilder) -> None:
    shop.template("current", code="footer")
    shop.change(
        shop.tables.template,
        {"template_id": shop.template("old", code="footer")},
        template_actual=0,
    )

    site = site_of(sites_of(shop), 1)

    assert site.newsletter_template("footer") == "current"
    assert site.newsletter_template("nosuch") is None


def test_a_block_is_the_stores_own_else_everybodys(shop: ShopBuilder) -> None:
    admin_store(shop)
    block(shop, 1, "footer", "all", store_id=0)
    block(shop, 2, "footer", "italian", store_id=2)
    block(shop, 3, "off", "hidden", store_id=0, is_active=0)
    sites = sites_of(shop)

    assert site_of(sites, 1).block("footer") == "all"
    assert site_of(sites, 2).block("footer") == "italian"
    assert site_of(sites, 1).block("1") == "all"
    assert site_of(sites, 1).block("off") is None
    assert site_of(sites, 1).block("9" * 30) is None


def test_a_text_is_read_once_a_run(shop: ShopBuilder) -> None:
    id = shop.template("first", code="footer")
    sites = sites_of(shop)

    before = site_of(sites, 1).newsletter_template("footer")
    shop.change(shop.tables.template, {"template_id": id}, template_text="second")

    assert (before, site_of(sites, 2).newsletter_template("footer")) == ("first", "first")
    assert site_of(sites, 1) is site_of(sites, 1)


def test_a_skin_file_comes_from_the_first_theme_that_has_it(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.config("design/package/name", "acme")
    shop.config("design/theme/default", "summer", scope="stores", id=2)
    for theme, file in [("acme/default", "logo.png"), ("acme/summer", "sun.png")]:
        folder = tmp_path / "public/skin/frontend" / theme
        folder.mkdir(parents=True)
        (folder / file).touch()

    site = site_of(sites_of(shop, maho_root=tmp_path), 2)

    below = "https://shop.example.test/skin/frontend/"
    assert site.skin_url("sun.png", {}) == below + "acme/summer/sun.png"
    assert site.skin_url("logo.png", {}) == below + "acme/default/logo.png"
    assert site.skin_url("none.png", {}) == below + "base/default/none.png"
    assert site.skin_url("none.png", {"_area": '"x"'}).endswith(
        "/&quot;x&quot;/base/default/none.png"
    )


@pytest.mark.parametrize("params", [{}, {"_theme": "../../../etc"}])
def test_a_skin_path_cannot_climb(sites: Sites, params: dict[str, str]) -> None:
    file = "logo.png" if params else "../logo.png"

    with pytest.raises(TemplateError, match="is not allowed"):
        site_of(sites, 1).skin_url(file, params)


def test_timestamps_tell_maho_up_to_26_3(mariadb_shop: ShopBuilder) -> None:
    shop, route = mariadb_shop, "catalog/product/view"
    now = site_of(sites_of(shop), 1).store_url(route, {"id": "5"})
    alter(shop, "TIMESTAMP NULL")

    before = site_of(sites_of(shop), 1).store_url(route, {"id": "5"})
    alter(shop, "DATETIME")

    assert now == "https://shop.example.test/catalog/product/view/5/"
    assert before == "https://shop.example.test/catalog/product/view/id/5/"


def alter(shop: ShopBuilder, type_: str) -> None:
    table = shop.tables.queue.name
    shop.database.transact(
        lambda c: c.execute(text(f"ALTER TABLE {table} MODIFY queue_start_at {type_}"))
    )


def test_objects_answer_as_mahos_do(shop: ShopBuilder, sites: Sites) -> None:
    site = site_of(sites, 2)
    values = {"prefix": "Dr.", "firstname": "Ada", "middlename": "K.", "lastname": "L"}
    customer = Customer(7, 1, 2, 1, "ada@example.test", True, shop.now, values)
    subscriber = Subscriber(9, 7, 2, "ada@x.test", SubscriberStatus.SUBSCRIBED, "abc")
    visible = {"prefix": True, "middlename": True}
    store = store_object(site)
    variables = {
        "customer": customer_object(customer, visible, store),
        "store": store,
        "subscriber": subscriber_object(subscriber, site, values, visible),
    }

    for template, output in OBJECTS.items():
        assert render("{{var " + template + "}}.", variables, site) == f"{output}.", template


OBJECTS = {
    "customer.getName()": "Dr. Ada K. L",
    "customer.name": "Dr. Ada K. L",
    "customer.id": "7",
    "customer.firstname": "Ada",
    "customer.getEmail()": "ada@example.test",
    "customer.created_at": "2026-03-10 12:00:00",
    "customer.password_hash": "",
    "customer.getStore().getName()": "Italiano",
    "store.getFrontendName()": "Test Shop",
    "store.code": "it",
    "store.id": "2",
    "store.group.name": "Main Store",
    "store.getWebsite().getName()": "Main",
    "store.getConfig('general/store_information/name')": "Test Shop",
    "store.getConfig('general/locale/code')": "",
    "store.getPhone()": "",
    "store.getBaseUrl('media')": "https://shop.example.test/media/",
    "store.getBaseUrl('nosuch')": "",
    "store.getUrl('checkout/cart')": "https://shop.example.test/checkout/cart/?___store=it",
    "subscriber.email": "ada@x.test",
    "subscriber.code": "abc",
    "subscriber.subscriber_status": "1",
    "subscriber.status": "1",
    "subscriber.getSubscriberFullName()": "Ada K. L",
    "subscriber.getUnsubscriptionLink()": (
        "https://shop.example.test/newsletter/subscriber/unsubscribe/?code=abc&id=9"
    ),
}


def admin_store(shop: ShopBuilder) -> None:
    """Add store 0. MySQL takes an inserted 0 for "the next number", so it becomes 0 afterwards."""
    t = shop.tables
    shop.insert(t.website, website_id=9, code="admin", name="Admin")
    shop.change(t.website, {"website_id": 9}, website_id=0)
    shop.insert(t.store_group, group_id=9, website_id=0, name="Default")
    shop.insert(t.store, store_id=9, code="admin", website_id=0, group_id=9, name="Admin")
    shop.change(t.store, {"store_id": 9}, store_id=0)


def block(
    shop: ShopBuilder, id: int, identifier: str, content: str, *, store_id: int, is_active: int = 1
) -> None:
    shop.insert(
        shop.tables.cms_block,
        block_id=id,
        title=identifier,
        identifier=identifier,
        content=content,
        is_active=is_active,
    )
    shop.insert_all(shop.tables.cms_block_store, [{"block_id": id, "store_id": store_id}])
