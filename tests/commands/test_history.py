"""`segmail history`: what is printed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.database.history.failed import INTERRUPTED, failed
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the command is tested on the server too."""
    return "sqlite"


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"), shop.template(code="Welcome"))


def history(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "history", *arguments])


def test_each_row_is_told_on_a_line(shop: ShopBuilder, step: int) -> None:
    failed(shop, step, INTERRUPTED, customer=shop.customer("ada@example.test"))
    shop.due(step, shop.customer(), status="skipped")

    result = history(shop)

    assert result.exit_code == 0
    [unknown] = [line for line in result.stdout.splitlines() if "ada@example.test" in line]
    [other] = [line for line in result.stdout.splitlines() if "skipped" in line]
    for told in ("2026-03-10 12:00:00", "VIP:enter:1", "interrupted", INTERRUPTED, "Welcome"):
        assert told in unknown
    assert "due 2026-03-10 11:59:00" in other
    assert "by Maho, or before 0.2" in other


def test_json_has_every_field(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step, "550 No such user", customer=shop.customer("ada@example.test"))

    [entry] = json.loads(history(shop, "--json", "--customer", "ada@example.test").stdout)

    assert entry == {
        "progress_id": row,
        "at": "2026-03-10T12:00:00+00:00",
        "due_at": "2026-03-10T11:59:00+00:00",
        "customer_id": 1,
        "email": "ada@example.test",
        "segment_id": 1,
        "segment": "VIP",
        "sequence_id": step,
        "step": "VIP:enter:1",
        "trigger": "enter",
        "status": "failed",
        "outcome": "failed",
        "reason": "550 No such user",
        "tries": 1,
        "problems": ["550 No such user"],
        "template_id": 1,
        "template": "Welcome",
        "subject": "Hello Ada",
        "coupon_code": None,
        "queue_id": 1,
        "next_try_at": None,
        "enrolled_at": "2026-03-10T11:00:00+00:00",
    }


def test_nothing_is_said_so(shop: ShopBuilder) -> None:
    assert history(shop).stdout == "Nothing has happened that is like that.\n"
    assert history(shop, "--json").stdout == "[]\n"


def test_a_name_that_does_not_exist_is_refused(shop: ShopBuilder) -> None:
    result = history(shop, "--segment", "VIP")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no segment 'VIP'" in result.stderr
