"""`recipe`: every recipe is right, and works on a shop."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.campaigns.recipes.recipe import (
    load_recipe,
    read_recipe,
    recipe_names,
    settle_values,
)
from segmail.campaigns.validate import validate_files
from segmail.cli import program
from segmail.maho.schema.tables import Layout
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

NAMES = recipe_names()
NEEDED = {
    "new-region": ("countries=IT, CH",),
    "seasonal-interest": ("category=4",),
    "product-education": ("categories=5, 6",),
}


@pytest.fixture
def contact(shop: ShopBuilder) -> None:
    """The shop's general contact, from whom mails are without a sender of their own."""
    shop.config("trans_email/ident_general/name", "Shop")
    shop.config("trans_email/ident_general/email", "hello@example.test")


def segmail(shop: ShopBuilder | None, *arguments: str, after: timedelta = timedelta()) -> Result:
    url = [] if shop is None else ["--database-url", shop.url.render_as_string(False)]
    now = "2026-03-10 12:00" if shop is None else f"{shop.now + after:%Y-%m-%d %H:%M}"
    return CliRunner().invoke(program, [*url, "--now", now, *arguments])


def apply(shop: ShopBuilder, name: str, *more: str) -> Result:
    given = [word for one in NEEDED.get(name, ()) for word in ("--set", one)]
    return segmail(shop, "recipe", "apply", name, *given, *more)


def test_there_is_one_for_each_use_case() -> None:
    listed = json.loads(segmail(None, "recipe", "list", "--json").stdout)

    assert len(listed) == 16
    assert [one["name"] for one in listed] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_is_valid_and_loses_no_step(shop: ShopBuilder, name: str) -> None:
    recipe = load_recipe(name)
    file = read_recipe(recipe, settle_values(recipe, {}, examples=True))

    assert validate_files([file], now=shop.now) == []


@pytest.mark.usefixtures("contact")
@pytest.mark.parametrize("layout", list(Layout))
def test_all_are_applied_once_and_lint_is_clean(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    first = [apply(shop, name) for name in NAMES]
    assert [one.exit_code for one in first] == [0] * 16, [one.output[-600:] for one in first]
    again = [json.loads(apply(shop, name, "--json").stdout) for name in NAMES]
    lint = segmail(shop, "template", "lint", "--strict")

    assert {one["outcome"] for done in again for one in done} == {"unchanged"}
    assert lint.exit_code == 0, lint.output


@pytest.mark.usefixtures("contact")
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("name", NAMES)
def test_each_mail_is_rendered_with_and_without_a_cart(shop: ShopBuilder, name: str) -> None:
    sales = SalesBuilder(shop)
    with_cart, without = shop.customer("ada@example.test"), shop.customer("bob@example.test")
    sales.in_cart(sales.cart(with_cart), sales.product("A"))
    assert apply(shop, name).exit_code == 0

    assert shop.rows(shop.tables.template)
    for template in shop.rows(shop.tables.template):
        for customer in (with_cart, without):
            done = segmail(
                shop,
                "template",
                "render",
                str(template["template_id"]),
                "--customer",
                str(customer),
            )
            assert done.exit_code == 0, done.output
            assert "unsubscribe" in done.stdout
            assert "{{" not in done.stdout
            assert "${" not in done.stdout
            assert len(done.stdout.encode()) < 60_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vpi",), "Did you mean 'vip'?"),
        (("vip", "--set", "min_totl=3"), "Did you mean min_total?"),
        (("vip", "--set", "min_total=much"), "min_total must be an amount"),
        (("vip", "--set", "sender_name=Ada"), "together"),
        (("vip", "--set", "min_total"), "KEY=VALUE"),
        (("new-region",), '--set "countries=IT, CH"'),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_wrong_values_are_answered(
    shop: ShopBuilder, arguments: tuple[str, ...], said: str
) -> None:
    result = segmail(shop, "recipe", "apply", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert shop.rows(shop.tables.segment) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_is_set_stands_in_the_shop(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    sender = ("--set", "sender_name=Ada's", "--set", "sender_email=ada@example.test")
    apply(shop, "abandoned-cart", "--set", "discount=12", *sender)

    assert {one["template_sender_name"] for one in shop.rows(shop.tables.template)} == {"Ada's"}
    assert [f"{one['discount_amount']:.0f}" for one in shop.rows(shop.tables.rule)] == ["12", "15"]


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("name", NAMES)
def test_an_exported_recipe_is_a_campaign(shop: ShopBuilder, tmp_path: Path, name: str) -> None:
    folder = str(tmp_path / name)

    written = segmail(None, "recipe", "export", name, folder)

    assert written.exit_code == 0, written.output
    assert segmail(None, "campaign", "validate", folder).exit_code == 0
    assert segmail(None, "recipe", "export", name, folder).exit_code == 2


def mails(folder: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(one.read_bytes(), policy=email.policy.default)
        for one in sorted(folder.glob("*.eml"))
    ]


@pytest.mark.usefixtures("contact")
def test_a_left_cart_gets_its_mails_until_an_order(
    shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMAIL_STATE_DIR", str(tmp_path / "state"))
    shop.config("customer_segmentation/email_automation/enabled", "1")
    sales = SalesBuilder(shop)
    ada, bob = shop.customer("ada@example.test"), shop.customer("bob@example.test")
    for customer in (ada, bob):
        cart = sales.cart(customer, ago=timedelta(hours=1), items_count=1)
        sales.in_cart(cart, sales.product(f"P{customer}"), name="Lamp")
    apply(shop, "abandoned-cart")
    segmail(shop, "refresh-segments", "--all")
    seen: list[list[tuple[str, str]]] = []
    for delay in (timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
        if delay.days == 7:
            sales.order(bob, created_at=(shop.now + timedelta(days=2)).replace(tzinfo=None))
        folder = tmp_path / f"{delay.total_seconds():.0f}"
        monkeypatch.setenv("SEGMAIL_SMTP_URL", f"file://{folder}")
        ran = segmail(shop, "process-emails", after=delay + timedelta(minutes=1))
        assert ran.exit_code == 0, ran.output
        told = []
        for mail in mails(folder):
            codes = [one["code"] for one in shop.rows(shop.tables.coupon)]
            body = mail.get_body(("html",))
            assert isinstance(body, EmailMessage)
            text = str(body.get_content())
            prefix = next((code[:4] for code in codes if code in text), "")
            told.append((f"{mail['To']}".split("@")[0].rpartition("<")[2], prefix))
        seen.append(sorted(told))

    assert seen == [
        [("ada", ""), ("bob", "")],
        [("ada", "CART"), ("bob", "CART")],
        [("ada", "LAST")],
    ]
