"""`segmail preview`: what is shown, and that nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from segmail.cli import program
from segmail.maho.schema.tables import Layout
from tests.jobs import read_mail
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Server, recording_server

TEXT = "<h1>Hello {{var customer_firstname}}</h1><p>Your code: <b>{{var coupon_code}}</b></p>"


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the command is tested on the server too."""
    return "sqlite"


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"), shop.template(TEXT), rule_id=shop.rule())


def preview(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "preview", *arguments])


def everything(shop: ShopBuilder) -> dict[str, Any]:
    with shop.database.read() as connection:
        return {
            table.name: connection.execute(select(table)).all()
            for table in shop.tables.metadata.sorted_tables
        }


@pytest.mark.parametrize("layout", list(Layout))
def test_a_step_is_shown_as_its_customer_would_get_it(shop: ShopBuilder, step: int) -> None:
    customer = shop.customer("ada@example.test")

    shown = preview(shop, "VIP:enter:1", "--customer", "ada@example.test")

    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "Subject: Hello Ada\n" in shown.stdout
    assert "Message-ID: <" in shown.stdout
    assert f"\n\nHello Ada\n\nYour code: SEQ{customer}XXXXXXXXXX\n" in shown.stdout
    again = preview(shop, str(step), "--customer", str(customer)).stdout
    assert again.partition("\n\n")[2] == shown.stdout.partition("\n\n")[2]


def test_nothing_is_written_to_the_shop(shop: ShopBuilder, step: int, tmp_path: Path) -> None:
    customer = shop.customer()
    before = everything(shop)

    preview(shop, str(step), "--customer", str(customer), "--html", f"{tmp_path}/page.html")

    assert everything(shop) == before


def test_the_page_is_written_where_it_was_asked_for(
    shop: ShopBuilder, step: int, tmp_path: Path
) -> None:
    customer, file = shop.customer(), tmp_path / "page.html"

    shown = preview(shop, str(step), "--customer", str(customer), "--html", str(file))

    assert shown.exit_code == 0
    assert "&lt;h1&gt;Hello Ada&lt;/h1&gt;" in file.read_text("utf-8")
    assert [path.name for path in tmp_path.glob("*.html")] == ["page.html"]


def test_a_page_that_cannot_be_written_is_wrong_usage(
    shop: ShopBuilder, step: int, tmp_path: Path
) -> None:
    file = tmp_path / "no folder" / "page.html"

    shown = preview(shop, str(step), "--customer", str(shop.customer()), "--html", str(file))

    assert shown.exit_code == 2
    assert f"--html {file}: cannot be written" in shown.stderr


def test_json_has_headers_html_text_and_size(shop: ShopBuilder, step: int) -> None:
    shown = preview(shop, str(step), "--customer", str(shop.customer()), "--json")

    told = json.loads(shown.stdout)
    assert dict(told["headers"])["Subject"] == "Hello Ada"
    assert told["html"].startswith("<h1>Hello Ada</h1>")
    assert told["text"].startswith("Hello Ada")
    assert told["size"] > 1000
    assert told["obstacles"] == []


def test_json_has_why_the_mail_would_not_be_sent(shop: ShopBuilder, step: int) -> None:
    stranger = shop.customer(subscribed=False)

    shown = preview(shop, str(step), "--customer", str(stranger), "--json")

    assert json.loads(shown.stdout)["obstacles"] == [
        "the customer is not subscribed to the newsletter"
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("99", "--customer", "1"), "There is no step 99"),
        (("VIP:enter:7", "--customer", "1"), "it has VIP:enter:1"),
        (("nothing", "--customer", "1"), "SEGMENT:TRIGGER:NUMBER"),
        (("VIP:enter:1", "--customer", "nobody@example.test"), "give an id or an e-mail address"),
        (("VIP:enter:1", "--customer", "1", "--customers", "2"), "not both"),
    ],
)
def test_what_names_nothing_is_wrong_usage(
    shop: ShopBuilder, step: int, arguments: tuple[str, ...], told: str
) -> None:
    shop.customer()

    shown = preview(shop, *arguments)

    assert shown.exit_code == 2
    assert told in shown.stderr
    assert step


def test_a_step_that_could_not_be_sent_says_why(shop: ShopBuilder) -> None:
    rule = shop.rule("Old rule", is_active=0)
    step = shop.step(shop.segment(), shop.template(TEXT), rule_id=rule)

    shown = preview(shop, str(step), "--customer", str(shop.customer()))

    assert shown.exit_code == 1
    assert '"Old rule" is not active' in shown.stderr
    assert shown.stdout == ""


def test_what_stands_in_the_way_of_sending_is_told(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment(automation=False), shop.template("<p>Hi</p>"), is_active=0)

    shown = preview(shop, str(step), "--customer", str(shop.customer()))

    assert shown.exit_code == 0
    assert "the step is switched off" in shown.stderr
    assert "the segment or its automation is switched off" in shown.stderr


def test_a_customer_without_a_subscription_sees_the_mail_of_a_subscriber(shop: ShopBuilder) -> None:
    customer = shop.customer("ada@example.test", subscribed=False)
    step = shop.step(shop.segment(), shop.template("<p>Hi</p>"))

    shown = preview(shop, str(step), "--customer", str(customer))

    assert "not subscribed" in shown.stderr
    assert "ada@example.test" in shown.stdout


def test_a_customer_s_name_cannot_steer_the_terminal(shop: ShopBuilder, step: int) -> None:
    customer = shop.customer(firstname="Ada\x1b[2J\x07")

    shown = preview(shop, str(step), "--customer", str(customer))

    assert not set(shown.stdout) & {"\x1b", "\x07"}


def test_without_a_customer_the_most_telling_one_is_shown(shop: ShopBuilder, step: int) -> None:
    shop.customer(firstname="Al")
    longest = shop.customer(firstname="Maximiliane Theodora", lastname="von und zu Hohenstein")

    shown = preview(shop, str(step))

    assert shown.exit_code == 0
    assert f"Customer {longest}: longest name." in shown.stderr
    assert "Hello Maximiliane Theodora" in shown.stdout


def test_telling_customers_stand_for_what_goes_wrong(
    shop: ShopBuilder, step: int, tmp_path: Path
) -> None:
    plain = shop.customer(firstname="Al")
    nameless = shop.customer(firstname="")
    longest = shop.customer(firstname="Maximiliane Theodora")
    file = tmp_path / "page.html"

    shown = preview(shop, str(step), "--customers", "20", "--html", str(file))

    lines = shown.stdout.splitlines()
    assert shown.exit_code == 0
    assert lines[0].startswith(f"{longest} (longest name): ")
    assert lines[1].startswith(f"{nameless} (no first name): ")
    assert lines[2].startswith(f"{plain}: ")
    page = file.read_text("utf-8")
    assert page.count("<section id=") == 3
    assert f'<a href="#customer-{nameless}">next →</a>' in page
    assert file.stat().st_mode & 0o777 == 0o600


def _send_test(shop: ShopBuilder, server: Server, step: int, customer: int) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00", "preview", str(step)]
    return CliRunner(env={"SEGMAIL_SMTP_URL": server.url()}).invoke(
        program, [*options, "--customer", str(customer), "--send-to", "tester@example.com"]
    )


def test_a_test_mail_is_marked_and_leaves_no_row(shop: ShopBuilder, step: int) -> None:
    customer = shop.customer("ada@example.test")
    before = everything(shop)

    with recording_server() as server:
        shown = _send_test(shop, server, step, customer)

    assert (shown.exit_code, everything(shop)) == (0, before)
    assert "Sent a test to tester@example.com: " in shown.stderr
    [message] = server.messages
    mail = read_mail(message.data)
    assert message.rcpt_to == ("tester@example.com",)
    assert mail["Subject"] == "[Test] Hello Ada"
    assert str(mail["To"]).endswith("tester@example.com>")
    assert "ada@example.test" not in mail.as_string()
    assert f"SEQ{customer}XXXXXXXXXX" in mail.as_string()
    assert "code=test&id=0" in mail["List-Unsubscribe"]


def test_a_test_mail_that_the_server_refuses_is_told(shop: ShopBuilder, step: int) -> None:
    refuse = {"tester@example.com": "550 5.1.1 No such user"}

    with recording_server(refuse=refuse) as server:
        shown = _send_test(shop, server, step, shop.customer())

    assert shown.exit_code == 1
    assert "The mail server did not accept the test: " in shown.stderr
    assert "5.1.1 No such user" in shown.stderr


def test_a_step_without_a_coupon_shows_a_sample_of_an_earlier_ones(
    shop: ShopBuilder, step: int
) -> None:
    customer = shop.customer()
    reminder = shop.step(1, 1, number=2)

    shown = preview(shop, str(reminder), "--customer", str(customer))

    assert f"Your code: SEQ{customer}XXXXXXXXXX\n" in shown.stdout
    assert step
