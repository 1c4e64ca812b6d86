"""`recipe`: every recipe is right, and works on a shop."""

from __future__ import annotations

import email
import email.policy
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, create_engine, text

from segmail.campaigns.recipes.recipe import (
    load_recipe,
    read_recipe,
    recipe_names,
    settle_values,
)
from segmail.campaigns.validate import validate_files
from segmail.cli import program
from segmail.maho.schema.tables import Layout
from tests.each_case import for_each
from tests.recorded_content import RECORDED_AT, content_shop
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

NAMES = recipe_names()
NEEDED = {
    "new-region": ("countries=IT, CH",),
    "seasonal-interest": ("category=Boots",),
    "product-education": ("categories=Boots, Hats",),
}
PRODUCT = "{{var customer.email}}"  # in the name of a recorded product
LEFT = RECORDED_AT.replace(minute=45)  # when the recorded carts were just left


@pytest.fixture
def contact(shop: ShopBuilder) -> None:
    """The shop's general contact, from whom mails are without a sender of their own."""
    shop.config("trans_email/ident_general/name", "Shop")
    shop.config("trans_email/ident_general/email", "hello@example.test")


@pytest.fixture
def countries(shop: ShopBuilder) -> None:
    """Addresses, with their countries."""
    type_ = {"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}
    shop.insert_all(shop.tables.entity_type, [type_])
    shop.insert(
        shop.tables.attribute,
        attribute_id=900,
        entity_type_id=2,
        attribute_code="country_id",
        backend_type="varchar",
    )


class Recorded:
    """The shop that was recorded, with carts of which each was left at `LEFT`, and subscribers."""

    def __init__(self, url: URL) -> None:
        self.url = url

    def change(self, statement: str, **values: object) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()

    def codes(self) -> list[str]:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(text("SELECT code FROM salesrule_coupon")).scalars().all()
        engine.dispose()
        return [str(code) for code in found]

    def run(self, *arguments: str, at: datetime = LEFT) -> Result:
        url = self.url.render_as_string(hide_password=False)
        return CliRunner().invoke(
            program, ["--database-url", url, "--now", f"{at:%Y-%m-%d %H:%M}", *arguments]
        )

    def apply(self, name: str, *more: str) -> Result:
        sender = ("sender_name=Shop", "sender_email=hello@example.test")
        given = [word for one in (*NEEDED.get(name, ()), *sender) for word in ("--set", one)]
        return self.run("recipe", "apply", name, *given, *more)


def _filled(url: URL) -> Recorded:
    with content_shop(url):
        pass
    shop = Recorded(url)
    for customer in range(1, 11):
        shop.change(
            "INSERT INTO newsletter_subscriber (subscriber_email, customer_id, store_id, "
            "subscriber_status, subscriber_confirm_code) "
            "SELECT email, entity_id, store_id, 1, 'abc' FROM customer_entity "
            "WHERE entity_id = :id",
            id=customer,
        )
    shop.change(
        "INSERT INTO core_config_data (scope, scope_id, path, value) VALUES "
        "('default', 0, 'customer_segmentation/email_automation/enabled', '1')"
    )
    for number, code in enumerate(("price", "special_price"), start=9001):
        shop.change(  # their values were not recorded
            "INSERT INTO eav_attribute "
            "(attribute_id, entity_type_id, attribute_code, backend_type) "
            "SELECT :id, 4, :code, 'decimal' FROM core_website WHERE website_id = 1 AND NOT EXISTS "
            "(SELECT 1 FROM eav_attribute WHERE entity_type_id = 4 AND attribute_code = :code)",
            id=number,
            code=code,
        )
    shop.change(  # nor were the categories' names
        "INSERT INTO eav_attribute (attribute_id, entity_type_id, attribute_code, backend_type) "
        "SELECT 9003, entity_type_id, 'name', 'varchar' FROM eav_entity_type "
        "WHERE entity_type_code = 'catalog_category'"
    )
    for id, name in ((4, "Boots"), (6, "Hats")):
        shop.change(
            "INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value)"
            " VALUES (9003, 0, :id, :name)",
            id=id,
            name=name,
        )
    return shop


@pytest.fixture(params=["mariadb", "sqlite"])
def recorded(request: pytest.FixtureRequest, server_url: URL, tmp_path: Path) -> Iterator[Recorded]:
    """A recorded shop of one's own."""
    if request.param == "sqlite":
        file = tmp_path / "shop.sqlite"
        file.touch()
        yield _filled(URL.create("sqlite", database=str(file)))
        return
    name = f"segmail_recipes_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server = Recorded(server_url)
    server.change(f"DROP DATABASE IF EXISTS {name}")
    server.change(f"CREATE DATABASE {name} CHARACTER SET utf8mb3")
    yield _filled(server_url.set(database=name))
    server.change(f"DROP DATABASE {name}")


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


@for_each("name", NAMES)
def test_every_recipe_is_valid_and_loses_no_step(now: datetime, name: str) -> None:
    recipe = load_recipe(name)
    file = read_recipe(recipe, settle_values(recipe, {}, examples=True))

    assert validate_files([file], now=now) == []


@pytest.mark.usefixtures("contact", "countries")
@pytest.mark.parametrize(
    ("engine_name", "layout"),
    [
        ("mariadb", Layout.SPEC),
        ("sqlite", Layout.SHIPPED),
        pytest.param("mariadb", Layout.SHIPPED, marks=pytest.mark.thorough),
        pytest.param("sqlite", Layout.SPEC, marks=pytest.mark.thorough),
    ],
)
def test_all_are_applied_once_and_lint_is_clean(shop: ShopBuilder) -> None:
    sales = SalesBuilder(shop)
    winter = sales.category("Winter")
    for name in ("Boots", "Hats"):
        sales.category(name, f"1/2/{winter}")
    first = [apply(shop, name) for name in NAMES]
    assert [one.exit_code for one in first] == [0] * 16, [one.output[-600:] for one in first]
    again = [json.loads(apply(shop, name, "--json").stdout) for name in NAMES]
    lint = segmail(shop, "template", "lint", "--strict")

    assert {one["outcome"] for done in again for one in done} == {"unchanged"}
    assert lint.exit_code == 0, lint.output


@pytest.mark.parametrize("recorded", ["sqlite"], indirect=True)
def test_each_mail_is_rendered_with_and_without_cart_and_coupon(recorded: Recorded) -> None:
    for name in NAMES:
        assert recorded.apply(name).exit_code == 0
    steps = json.loads(recorded.run("sequence", "list", "--json").stdout)
    assert len(steps) == 50

    shown: dict[str, str] = {}
    for step in steps[:: by_far(6, 1)]:
        ref = f"{step['segment']}:enter:{step['step_number']}"
        preview = recorded.run("preview", ref, "--customer", "8", "--json")
        bare = recorded.run("template", "render", str(step["template_id"]), "--customer", "10")
        assert (preview.exit_code, bare.exit_code) == (0, 0), preview.output
        shown[ref] = json.loads(preview.stdout)["html"]
        for html in (shown[ref], bare.stdout):
            assert "newsletter/subscriber/unsubscribe" in html
            assert "{{" not in html.replace(PRODUCT, "")
            assert "${" not in html
            assert len(html.encode()) < 60_000
        assert "with this code" not in bare.stdout
        assert ("with this code" in shown[ref]) >= bool(step["generate_coupon"])
    assert all(
        "Backorder" in html for ref, html in shown.items() if ref.split(":")[0].endswith(" cart")
    )


@for_each(
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


@for_each("name", NAMES)
def test_an_exported_recipe_is_a_campaign(tmp_path: Path, name: str) -> None:
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


def test_a_left_cart_gets_its_mails_until_an_order(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMAIL_STATE_DIR", str(tmp_path / "state"))
    for name in ("abandoned-cart", "high-value-cart"):
        assert recorded.apply(name).exit_code == 0
    entered = LEFT + timedelta(hours=1)
    assert recorded.run("refresh-segments", "--all", at=entered).exit_code == 0
    seen = []
    for delay in (timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
        if delay.days == 7:
            recorded.change(
                "UPDATE sales_flat_order SET customer_id = 8, state = 'new', created_at = :at "
                "WHERE entity_id = 1",
                at=f"{entered + timedelta(days=2):%Y-%m-%d %H:%M:%S}",
            )
        folder = tmp_path / f"{delay.total_seconds():.0f}"
        monkeypatch.setenv("SEGMAIL_SMTP_URL", f"file://{folder}")
        ran = recorded.run("process-emails", at=entered + delay + timedelta(minutes=1))
        assert ran.exit_code == 0, ran.output
        seen.append(dict(told(folder, recorded.codes())))

    everybody = {f"c{number}@example.com" for number in (0, 1, 2, 3, 4, 6, 7)}
    assert seen == [
        dict.fromkeys(everybody, ""),
        dict.fromkeys(everybody, "CART"),
        dict.fromkeys(everybody - {"c7@example.com"}, "SAVE"),
    ]


def told(folder: Path, codes: list[str]) -> Iterator[tuple[str, str]]:
    """Yield whom each mail went to, and how the coupon in it begins."""
    for file in folder.glob("*.eml"):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("html",))
        assert isinstance(body, EmailMessage)
        html = str(body.get_content())
        [address] = mail["To"].addresses
        yield address.addr_spec, next((code[:4] for code in codes if code in html), "")
