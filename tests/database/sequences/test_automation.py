"""Switching a segment's automation on and off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.errors import ConfigError, InputError
from segmail.maho.held_segments import load_held_until
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import Trigger
from segmail.sequences.automation import Automation, switch_automation
from tests.shop_builder import ShopBuilder

LATER = timedelta(hours=1)

in_spec_layout = pytest.mark.parametrize("layout", [Layout.SPEC])


def switch(
    shop: ShopBuilder, *, on: bool, trigger: Trigger | None = None, segment: str = "VIP"
) -> Automation:
    return switch_automation(shop.shop, segment, active=on, trigger=trigger, now=shop.now + LATER)


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_the_automation_is_switched_on_and_off(shop: ShopBuilder) -> None:
    id = shop.segment("VIP", automation=False)
    shop.step(id)

    on = switch(shop, on=True)
    row = shop.row(shop.tables.segment, segment_id=id)
    off = switch(shop, on=False, segment=str(id))

    assert (on.active, on.changed, off.active, off.changed) == (True, True, False, True)
    assert (row["auto_email_active"], row["updated_at"]) == (1, shop.now + LATER)
    assert shop.row(shop.tables.segment, segment_id=id)["auto_email_active"] == 0


@pytest.mark.parametrize("layout", list(Layout))
def test_what_is_so_already_is_not_written(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", automation=True))

    assert not switch(shop, on=True).changed
    assert shop.row(shop.tables.segment)["updated_at"] == shop.now


def test_an_automation_needs_an_active_step(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", automation=False), is_active=0)

    with pytest.raises(ConfigError, match="'VIP' has no active step; add one"):
        switch(shop, on=True)


def test_all_active_steps_must_be_fit_to_be_sent(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP", automation=False)
    shop.step(vip, shop.template(subject=""), number=1)
    shop.step(vip, number=2, rule_id=shop.rule(is_active=0))
    shop.step(vip, number=3, rule_id=shop.rule(coupon_type=1), is_active=0)

    with pytest.raises(ConfigError) as refused:
        switch(shop, on=True)

    assert [fault.what.split(": ")[0] for fault in refused.value.faults] == [
        "VIP:enter:1",
        "VIP:enter:2",
    ]
    assert shop.row(shop.tables.segment)["auto_email_active"] == 0


def test_switching_off_tells_what_is_held(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment("VIP"))
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), scheduled_at=shop.now + timedelta(days=1))
    shop.due(step, shop.customer(), status="sent")

    off = switch(shop, on=False)

    assert (off.scheduled, off.due) == (2, 1)
    assert {row["status"] for row in shop.rows(shop.tables.progress)} == {"scheduled", "sent"}


def test_switching_on_remembers_until_when_rows_were_held(shop: ShopBuilder) -> None:
    id = shop.segment("VIP", automation=False)
    shop.due(shop.step(id), shop.customer())

    assert switch(shop, on=True).due == 1

    with shop.read() as tx:
        assert load_held_until(tx) == {id: shop.now + LATER}


def test_an_inactive_segment_sends_nothing_all_the_same(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", automation=False, is_active=0))

    [warning] = switch(shop, on=True).warnings

    assert "'VIP' is inactive" in warning


def test_in_mahos_layout_the_trigger_stands_on_the_steps(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP", automation=False)
    shop.step(vip, trigger="enter")

    with pytest.raises(InputError, match="the trigger stands on the step"):
        switch(shop, on=True, trigger=Trigger.EXIT)
    assert switch(shop, on=True, trigger=Trigger.ENTER).trigger is None


@in_spec_layout
@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        ("none", None, "enter"),
        ("none", "exit", "exit"),
        ("exit", None, "exit"),
        ("exit", "enter", "enter"),
    ],
)
def test_in_the_specifications_layout_the_segment_gets_its_trigger(
    shop: ShopBuilder, before: str, asked: str | None, after: str
) -> None:
    shop.step(shop.segment("VIP", automation=False, trigger=before))

    on = switch(shop, on=True, trigger=Trigger(asked) if asked else None)

    row = shop.row(shop.tables.segment)
    assert (row["auto_email_trigger"], row["auto_email_active"]) == (after, 1)
    assert on.trigger == after


@in_spec_layout
def test_an_active_segment_without_a_trigger_is_off(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", automation=True, trigger="none"))

    assert not switch(shop, on=False).changed
    assert switch(shop, on=True).changed


@in_spec_layout
def test_rows_of_the_former_trigger_are_skipped_and_counted(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment("VIP", trigger="enter"))
    shop.due(step, shop.customer())

    assert switch(shop, on=True, trigger=Trigger.EXIT).other_trigger == 1
    assert shop.row(shop.tables.progress)["status"] == "skipped"


@in_spec_layout
def test_switching_off_keeps_the_trigger(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", trigger="exit"))

    switch(shop, on=False)

    row = shop.row(shop.tables.segment)
    assert (row["auto_email_trigger"], row["auto_email_active"]) == ("exit", 0)
