"""`segmail why`: what is printed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the command is tested on the server too."""
    return "sqlite"


def why(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "why", *arguments])


def test_each_step_has_a_heading_and_its_sentences(shop: ShopBuilder) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "1")
    shop.due(shop.step(shop.segment("VIP")), shop.customer("ada@example.test"))

    result = why(shop, "ada@example.test")

    assert result.exit_code == 0
    assert result.stdout == (
        "VIP:enter:1 (sequence 1)\n"
        "  It was scheduled for 2026-03-10 11:59 UTC and is due.\n"
        "  As things are, it will be sent to ada@example.test: 'Hello Ada'.\n"
    )


def test_json_is_for_scripts(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"))
    shop.customer("ada@example.test")

    [answer] = json.loads(why(shop, "1", "--step", "VIP:enter:1", "--json").stdout)

    assert (answer["step"], answer["outcome"]) == ("VIP:enter:1", "never")
    assert answer["sentences"][0] == "It was never scheduled for this customer."


def test_a_customer_in_no_segment_is_told_so(shop: ShopBuilder) -> None:
    shop.customer("ada@example.test")

    assert "the customer is in no segment" in why(shop, "ada@example.test").stdout


def test_a_customer_who_does_not_exist_is_refused(shop: ShopBuilder) -> None:
    result = why(shop, "nobody@example.test")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no customer 'nobody@example.test'" in result.stderr
