"""`segmail cleanup-progress` and `segmail cleanup-coupons`."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder

ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"])
COMMANDS = pytest.mark.parametrize("command", ["cleanup-progress", "cleanup-coupons"])
SETTING = "customer_segmentation/email_automation/"

pytestmark = ENGINE


def segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program, ["--database-url", url, "--now", "2026-03-10 12:00", *arguments]
    )


@pytest.fixture
def old(shop: ShopBuilder) -> ShopBuilder:
    """A shop with records and coupons from 1,247 and 542 customers, 100 days old."""
    rule = shop.rule()
    step = shop.step(shop.segment(), max_sends=0, rule_id=rule, coupon_prefix="WB")
    when = shop.now - timedelta(days=100)
    record = shop.progress(
        shop.due(
            step,
            shop.customer(),
            status="sent",
            created_at=when,
            scheduled_at=when,
            sent_at=when,
        )
    )
    del record["progress_id"]
    shop.insert_all(shop.tables.progress, [record] * 1_246)
    shop.insert_all(
        shop.tables.coupon,
        [
            {
                "rule_id": rule,
                "code": f"WB{n}A1B2C3",
                "type": 1,
                "created_at": when,
                "expiration_date": when.replace(tzinfo=None),
            }
            for n in range(1, 543)
        ],
    )
    return shop


def counts(shop: ShopBuilder) -> tuple[int, int]:
    return len(shop.rows(shop.tables.progress)), len(shop.rows(shop.tables.coupon))


def test_old_records_are_deleted_with_the_specifications_line(old: ShopBuilder) -> None:
    result = segmail(old, "cleanup-progress")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert re.fullmatch(
        r"2026-03-10 12:00:\d\d: Cleaned up 1,247 old sequence progress records "
        r"\(older than 90 days\)\n",
        result.stderr,
    )
    assert counts(old) == (0, 542)


def test_expired_coupons_are_deleted_with_the_specifications_line(old: ShopBuilder) -> None:
    result = segmail(old, "cleanup-coupons")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert re.fullmatch(
        r"2026-03-10 12:00:\d\d: Cleaned up 542 expired automation coupons "
        r"\(older than 30 days\)\n",
        result.stderr,
    )
    assert counts(old) == (1_247, 0)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (
            "cleanup-progress",
            "Would delete 1,247 sequence progress records (older than 90 days).\n",
        ),
        (
            "cleanup-coupons",
            "Would delete 542 expired automation coupons (older than 30 days).\n",
        ),
    ],
)
def test_a_dry_run_says_how_many_and_changes_nothing(
    old: ShopBuilder, command: str, answer: str
) -> None:
    result = segmail(old, command, "--dry-run")

    assert (result.exit_code, result.stdout, result.stderr) == (0, answer, "")
    assert counts(old) == (1_247, 542)


@COMMANDS
def test_the_option_says_for_how_long(old: ShopBuilder, command: str) -> None:
    result = segmail(old, command, "--days", "101")

    assert "Cleaned up 0 " in result.stderr
    assert "(older than 101 days)" in result.stderr
    assert counts(old) == (1_247, 542)


@pytest.mark.parametrize(
    ("command", "setting"),
    [("cleanup-progress", "cleanup_days"), ("cleanup-coupons", "coupon_cleanup_days")],
)
def test_the_shops_setting_says_for_how_long(old: ShopBuilder, command: str, setting: str) -> None:
    old.config(SETTING + setting, "120")

    assert "(older than 120 days)" in segmail(old, command).stderr
    assert counts(old) == (1_247, 542)


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_setting_means_the_default_not_everything(
    shop: ShopBuilder, value: str | None
) -> None:
    shop.config(f"{SETTING}cleanup_days", value)

    assert "(older than 90 days)" in segmail(shop, "cleanup-progress").stderr


@pytest.mark.parametrize("value", ["0", "-1", "ninety", "999999999"])
def test_a_setting_that_cannot_be_deletes_nothing(old: ShopBuilder, value: str) -> None:
    old.config(f"{SETTING}cleanup_days", value)

    result = segmail(old, "cleanup-progress")

    assert result.exit_code == 78
    assert f"{SETTING}cleanup_days: " in result.stderr
    assert counts(old) == (1_247, 542)


@COMMANDS
def test_no_days_at_all_takes_the_option(old: ShopBuilder, command: str) -> None:
    result = segmail(old, command, "--days", "0")

    assert result.exit_code == 0
    assert 0 in counts(old)


@COMMANDS
def test_nothing_is_deleted_while_automation_is_switched_off(
    old: ShopBuilder, command: str
) -> None:
    old.config(f"{SETTING}enabled", "0")

    result = segmail(old, command)

    assert result.exit_code == 0
    assert "Email automation is switched off" in result.stderr
    assert counts(old) == (1_247, 542)
