"""What templates see of a store, with its texts and permissions in the shop's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, text

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import Customer, Subscriber, SubscriberStatus
from segmail.maho.storefront.site import Sites, StoreSite
from segmail.maho.storefront.stores import Stores
from segmail.maho.storefront.template_objects import (
    customer_object,
    store_object,
    subscriber_object,
)
from segmail.templates import Kind, compile_template
from tests.each_case import for_each
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
    with shop.read() as tx:
        config = StoreConfig.load(tx)
        stores = Stores.load(tx)
    return Sites(shop.shop, config, stores, maho_root)


def site_of(sites: Sites, store_id: int) -> StoreSite:
    store = sites.stores.by_id(store_id)
    assert store
    return sites.of(store)


def allow(shop: ShopBuilder, *paths: str, is_allowed: int = 1) -> None:
    for path in paths:
        shop.insert(shop.tables.permission_variable, variable_name=path, is_allowed=is_allowed)


def render(source: str, variables: Mapping[str, object], site: StoreSite) -> str:
    return compile_template(source, kind=Kind.HTML).render(variables, site)


@pytest.mark.usefixtures("sites")
@for_each("case", CASES, ids=lambda case: case["case"])
def test_every_directive_says_what_mahos_sender_said(
    shop: ShopBuilder, case: dict[str, Any]
) -> None:
    stores = recorded_stores(case)
    sites = Sites(shop.shop, recorded_config(case), stores)

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
    assert site_of(sites, 1).custom_variable("promo", plain=True) == "all"
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


def theme_file(maho_root: Path, path: str, text: str) -> None:
    file = maho_root / "public/skin/frontend" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_style_sheet_comes_from_the_first_theme_that_has_it(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.config("design/package/name", "acme")
    theme_file(tmp_path, "base/default/css/email.css", "p{a:b}")
    theme_file(tmp_path, "base/default/css/base.css", "q{a:b}")
    theme_file(tmp_path, "acme/default/css/email.css", "p{c:d}")

    site = site_of(sites_of(shop, maho_root=tmp_path), 1)

    assert site.style_sheet("email.css") == "p{c:d}"
    assert site.style_sheet("base.css") == "q{a:b}"
    assert site.style_sheet("none.css") is None
    assert '<p style="c: d;">x' in render("{{inlinecss file='email.css'}}<p>x", {}, site)


def test_without_a_maho_root_no_file_is_looked_for(sites: Sites) -> None:
    assert site_of(sites, 1).style_sheet("email.css") is None
    assert site_of(sites, 1).non_inline_styles(None) == ""


@pytest.mark.parametrize(
    "file", ["../secret.css", "a/../../secret.css", "/../secret.css", "..\\secret.css"]
)
def test_a_style_sheet_cannot_climb(shop: ShopBuilder, tmp_path: Path, file: str) -> None:
    theme_file(tmp_path, "base/default/secret.css", "p{a:b}")

    with pytest.raises(TemplateError, match="is not allowed"):
        site_of(sites_of(shop, maho_root=tmp_path), 1).style_sheet(file)


def test_a_link_out_of_the_shop_is_not_followed(shop: ShopBuilder, tmp_path: Path) -> None:
    (tmp_path / "secret.css").write_text("p{a:b}")
    theme_file(tmp_path / "maho", "base/default/css/own.css", "p{c:d}")
    folder = tmp_path / "maho/public/skin/frontend/base/default/css"
    (folder / "link.css").symlink_to(tmp_path / "secret.css")
    (folder / "inside.css").symlink_to(folder / "own.css")

    site = site_of(sites_of(shop, maho_root=tmp_path / "maho"), 1)

    assert site.style_sheet("link.css") is None
    assert site.style_sheet(str(tmp_path / "secret.css")) is None
    assert site.style_sheet("inside.css") == "p{c:d}"


@pytest.mark.parametrize("file", ["", ".css", "local.xml", "a\0.css", "x" * 5_000 + ".css", "css"])
def test_what_is_no_style_sheet_is_none(shop: ShopBuilder, tmp_path: Path, file: str) -> None:
    theme_file(tmp_path, "base/default/css/local.xml", "<key/>")

    assert site_of(sites_of(shop, maho_root=tmp_path), 1).style_sheet(file) is None


def test_a_style_sheet_too_large_fails(shop: ShopBuilder, tmp_path: Path) -> None:
    theme_file(tmp_path, "base/default/css/big.css", " " * 500_001)

    with pytest.raises(TemplateError, match="longer than 500,000 bytes"):
        site_of(sites_of(shop, maho_root=tmp_path), 1).style_sheet("big.css")


def test_the_styles_of_the_head_are_the_themes_and_the_templates(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.config("design/email/css_non_inline", "a.css, b.css,none.css")
    for name in "ab":
        theme_file(tmp_path, f"base/default/css/{name}.css", f"{name}{{}}")

    site = site_of(sites_of(shop, maho_root=tmp_path), 1)

    assert site.non_inline_styles("p{}") == ('<style type="text/css">\na{}\nb{}\np{}\n</style>\n')


@pytest.mark.parametrize(
    ("locale", "found"),
    [("it_IT", "Ciao {{var x}}"), ("de_DE", "Hi {{var x}}"), ("../x", "Hi {{var x}}")],
)
def test_mahos_own_header_comes_in_the_stores_language(
    shop: ShopBuilder, tmp_path: Path, locale: str, found: str
) -> None:
    shop.config("general/locale/code", locale)
    for folder, greeting in [("it_IT", "Ciao"), ("en_US", "Hi")]:
        file = tmp_path / f"app/locale/{folder}/template/email/html/header.html"
        file.parent.mkdir(parents=True)
        file.write_text(f"<!--@subject x @-->{greeting} {{{{var x}}}}{{* note *}}")

    site = site_of(sites_of(shop, maho_root=tmp_path), 1)

    assert site.email_template("design/email/header") == found


@pytest.fixture
def more_tables(shop: ShopBuilder) -> Iterator[Callable[..., None]]:
    """Make tables that the demo shop lacks, with rows, for one test."""
    made: list[Table] = []

    def make(name: str, *rows: dict[str, object]) -> None:
        columns = [
            Column(key, Integer if isinstance(value, int) else String(99))
            for key, value in rows[0].items()
        ]
        made.append(Table(shop.tables.prefix + name, MetaData(), *columns))
        shop.database.transact(made[-1].create)
        shop.insert_all(made[-1], list(rows))

    yield make
    for table in made:
        shop.database.transact(table.drop)


def test_a_saved_header_comes_from_the_database(
    shop: ShopBuilder, more_tables: Callable[..., None]
) -> None:
    shop.config("design/email/header", "7")
    more_tables("core_email_template", {"template_id": 7, "template_text": "saved{* note *}"})

    site = site_of(sites_of(shop), 1)

    assert site.email_template("design/email/header") == "saved"
    assert site.email_template("general/locale/code") is None
    assert site.email_template("no/such/path") is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("design/email/header", "is Maho's file html/header.html; say where with --maho-root"),
        ("newsletter/subscription/un_email_template", "only the header and the footer"),
    ],
)
def test_a_template_of_mahos_code_that_cannot_be_read_fails(
    sites: Sites, path: str, reason: str
) -> None:
    with pytest.raises(TemplateError, match=reason):
        site_of(sites, 1).email_template(path)


def test_a_missing_file_of_maho_fails(shop: ShopBuilder, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"has no file html/footer\.html"):
        site_of(sites_of(shop, maho_root=tmp_path), 1).email_template("design/email/footer")


def test_blocks_are_allowed_by_the_shop(
    shop: ShopBuilder, more_tables: Callable[..., None]
) -> None:
    before = site_of(sites_of(shop), 1).allows_block("core/template")
    more_tables(
        "permission_block",
        {"block_name": "cms/block", "is_allowed": 1},
        {"block_name": "core/template", "is_allowed": 0},
    )

    site = site_of(sites_of(shop), 1)

    assert not before
    assert site.allows_block("cms/block")
    assert not site.allows_block("core/template")


@pytest.mark.parametrize(
    ("params", "url"),
    [
        ('_store="it"', "https://shop.example.test/it/a/"),
        ('_store="2"', "https://shop.example.test/it/a/"),
        ('_store=""', "https://shop.example.test/a/"),
        ('_type="media"', "https://shop.example.test/media/a/"),
        ('_store="it" _type="direct_link"', "https://shop.example.test/a/"),
    ],
)
def test_a_link_may_lead_to_another_store_or_folder(
    shop: ShopBuilder, params: str, url: str
) -> None:
    shop.config("web/url/use_store", "1", scope="stores", id=2)

    assert render(f'{{{{store url="a" {params}}}}}', {}, site_of(sites_of(shop), 1)) == url


@pytest.mark.parametrize("params", ['_store="nosuch"', '_type="nosuch"'])
def test_a_link_to_nowhere_fails(sites: Sites, params: str) -> None:
    with pytest.raises(TemplateError, match=r"\{\{store …\}\}: "):
        render(f'{{{{store url="a" {params}}}}}', {}, site_of(sites, 1))


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
