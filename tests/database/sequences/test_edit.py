"""Changing steps: what is written, what is refused, what becomes of scheduled rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from segmail.errors import InputError
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import Trigger
from segmail.sequences.edit import Edited, edit_step
from segmail.sequences.wanted_step import StepOptions
from tests.shop_builder import ShopBuilder

LATER = timedelta(hours=1)


def edit(shop: ShopBuilder, step: str = "1", **options: Any) -> Edited:
    return edit_step(shop.shop, step, StepOptions(**options), now=shop.now + LATER)


def fields(edited: Edited) -> dict[str, tuple[str, str]]:
    return {change.field: (change.before, change.after) for change in edited.changes}


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    return shop.segment("VIP")


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_what_is_named_changes_and_all_else_stays(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, delay_minutes=60, max_sends=7)
    before = shop.row(shop.tables.sequence)

    edited = edit(shop, "vip:ENTER:1", delay="3 days")

    after = shop.row(shop.tables.sequence)
    assert fields(edited) == {"delay": ("1 h", "3 days")}
    assert after == {**before, "delay_minutes": 4320, "updated_at": shop.now + LATER}


def test_what_is_so_already_is_not_written(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, delay_minutes=60)

    edited = edit(shop, delay="1h")

    assert edited.changes == []
    assert shop.row(shop.tables.sequence)["updated_at"] == shop.now


def test_an_edit_without_options_is_refused(shop: ShopBuilder, vip: int) -> None:
    with pytest.raises(InputError, match="Nothing to change"):
        edit(shop)


def test_a_coupon_is_given_changed_and_taken_away(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, shop.template("{{var coupon_code}}"))
    shop.rule("15% off")

    given = edit(shop, coupon="15% off", prefix="save")
    changed = edit(shop, expires_days=5)
    taken = edit(shop, no_coupon=True)

    row = shop.row(shop.tables.sequence)
    assert fields(given)["coupon"] == ("none", "1")
    assert fields(changed) == {"expires-days": ("30", "5")}
    assert fields(taken)["prefix"] == ("SAVE", "none")
    assert (row["generate_coupon"], row["coupon_sales_rule_id"]) == (0, None)
    assert (row["coupon_prefix"], row["coupon_expires_days"]) == (None, 30)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"prefix": "SAVE"}, "--prefix: only with --coupon"),
        ({"no_coupon": True, "prefix": "SAVE"}, "--prefix: only with --coupon"),
        ({"no_coupon": True, "coupon": "15% off"}, "contradict each other"),
        ({"step_number": 2}, "VIP:enter:2 exists already"),
        ({"template": "none"}, "no newsletter template 'none'"),
    ],
)
def test_what_cannot_be_is_refused(
    shop: ShopBuilder, vip: int, options: dict[str, Any], fault: str
) -> None:
    shop.rule("15% off")
    shop.step(vip, number=1)
    shop.step(vip, number=2)
    before = shop.rows(shop.tables.sequence)

    with pytest.raises(InputError, match=fault):
        edit(shop, **options)
    assert shop.rows(shop.tables.sequence) == before


def test_a_step_moves_to_the_other_trigger(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, number=1)
    shop.step(vip, number=1, trigger="exit")

    with pytest.raises(InputError, match="VIP:exit:1 exists already"):
        edit(shop, trigger=Trigger.EXIT)
    row = shop.due(1, shop.customer())
    done = edit(shop, trigger=Trigger.EXIT, step_number=2)

    assert (done.retriggered, shop.progress(row)["status"]) == (1, "skipped")
    assert shop.row(shop.tables.sequence, sequence_id=1)["trigger_event"] == "exit"


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_in_the_specifications_layout_a_step_has_no_trigger_of_its_own(
    shop: ShopBuilder, vip: int
) -> None:
    shop.step(vip)

    with pytest.raises(InputError, match="all steps of a segment share it"):
        edit(shop, trigger=Trigger.EXIT)


def test_rows_that_are_scheduled_keep_their_time(shop: ShopBuilder, vip: int) -> None:
    step = shop.step(vip)
    row = shop.due(step, shop.customer())
    shop.due(step, shop.customer(), status="sent")
    before = shop.progress(row)

    edited = edit(shop, delay="3 days")

    assert edited.kept == 1
    assert shop.progress(row) == before


def test_switching_off_skips_what_is_scheduled(shop: ShopBuilder, vip: int) -> None:
    step = shop.step(vip)
    scheduled = shop.due(step, shop.customer())
    sent = shop.due(step, shop.customer(), status="sent")

    edited = edit(shop, active=False)

    assert edited.skipped == 1
    assert (shop.status(scheduled), shop.status(sent)) == ("skipped", "sent")
    assert "has no active step" in edited.warnings[0]


def test_a_step_that_cannot_be_sent_is_refused_unless_it_is_switched_off(
    shop: ShopBuilder, vip: int
) -> None:
    shop.step(vip, rule_id=shop.rule(is_active=0))

    with pytest.raises(InputError, match="is not active"):
        edit(shop, delay="1h")
    edit(shop, delay="1h", active=False)

    assert shop.row(shop.tables.sequence)["is_active"] == 0
