"""Switching steps on and off, and removing them."""

from __future__ import annotations

import logging

import pytest

from segmail.errors import ConfigError, InputError
from segmail.maho.schema.tables import Layout
from segmail.sequences.overview import StepSummary
from segmail.sequences.remove import remove_step
from segmail.sequences.switch import disable_steps, enable_steps
from tests.shop_builder import ShopBuilder


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    return shop.segment("VIP")


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_disabling_skips_the_scheduled_rows_of_these_steps_only(
    shop: ShopBuilder, vip: int
) -> None:
    first, second, third = (shop.step(vip, number=number) for number in (1, 2, 3))
    rows = [shop.due(step, shop.customer()) for step in (first, second, third)]
    sent = shop.due(first, shop.customer(), status="sent")

    switched = disable_steps(shop.shop, ["1", "VIP:enter:2", "1"], now=shop.now)

    assert [(step.step, step.skipped) for step in switched.steps] == [
        ("VIP:enter:1", 1),
        ("VIP:enter:2", 1),
    ]
    assert [shop.status(row) for row in rows] == ["skipped", "skipped", "scheduled"]
    assert shop.status(sent) == "sent"
    active = [row["is_active"] for row in shop.rows(shop.tables.sequence)]
    assert (active, switched.warnings) == ([0, 0, 1], [])


def test_what_was_skipped_is_in_the_log_with_the_reason(
    shop: ShopBuilder,
    vip: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop.due(shop.step(vip), shop.customer())
    monkeypatch.setattr(logging.getLogger("segmail"), "propagate", True)

    with caplog.at_level(logging.INFO, "segmail"):
        disable_steps(shop.shop, ["1"], now=shop.now)

    assert caplog.messages == [
        "Skipped step 1 (enter) of segment 1 for customer 1, progress 1: the step is switched off",
        "Skipped 1 scheduled emails of sequence 1 (VIP:enter:1): the step was switched off",
    ]


def test_a_row_in_flight_is_skipped_and_keeps_its_attempt(shop: ShopBuilder, vip: int) -> None:
    queue_id = shop.insert(shop.tables.queue, template_id=shop.template(), queue_status=4)
    row = shop.due(shop.step(vip), shop.customer(), queue_id=queue_id)

    disable_steps(shop.shop, ["1"], now=shop.now)

    assert (shop.status(row), shop.progress(row)["queue_id"]) == ("skipped", queue_id)


def test_disabling_the_last_active_step_warns(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip)

    [warning] = disable_steps(shop.shop, ["1"], now=shop.now).warnings

    assert "segmail segment automation 1 off" in warning


def test_one_step_that_does_not_exist_keeps_all_as_they_are(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip)

    with pytest.raises(InputError) as refused:
        disable_steps(shop.shop, ["1", "99", "VIP:enter:7", "VIP:often:1"], now=shop.now)

    assert str(refused.value).splitlines() == [
        "There is no step 99; `segmail sequence list` shows them.",
        "'VIP' has no step enter:7; it has VIP:enter:1.",
        "'VIP:often:1' is not a step; give its sequence id or SEGMENT:TRIGGER:NUMBER, such as "
        "'VIP:enter:2'.",
    ]
    assert shop.row(shop.tables.sequence)["is_active"] == 1


def test_a_segments_name_may_have_colons(shop: ShopBuilder) -> None:
    shop.step(shop.segment("Win: back: 90"), trigger="exit", number=3)

    [step] = disable_steps(shop.shop, ["win: BACK: 90:Exit:3"], now=shop.now).steps

    assert step.changed


def test_enabling_leaves_skipped_rows_skipped(shop: ShopBuilder, vip: int) -> None:
    step = shop.step(vip, is_active=0)
    row = shop.due(step, shop.customer(), status="skipped")

    again = [enable_steps(shop.shop, ["1"], now=shop.now).steps[0].changed for _ in range(2)]

    assert again == [True, False]
    assert shop.row(shop.tables.sequence)["is_active"] == 1
    assert shop.status(row) == "skipped"


def test_a_step_that_cannot_be_sent_is_not_enabled(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, is_active=0, number=1)
    shop.step(vip, is_active=0, number=2, rule_id=shop.rule(is_active=0))

    with pytest.raises(ConfigError, match=r"VIP:enter:2: Sales rule .* is not active"):
        enable_steps(shop.shop, ["1", "2"], now=shop.now)
    assert [row["is_active"] for row in shop.rows(shop.tables.sequence)] == [0, 0]


@pytest.mark.parametrize("layout", list(Layout))
def test_removing_takes_the_history_along_and_keeps_the_other_numbers(
    shop: ShopBuilder, vip: int
) -> None:
    first, second = shop.step(vip, number=1), shop.step(vip, number=2)
    for status in ("scheduled", "sent", "sent"):
        shop.due(first, shop.customer(), status=status)
    kept = shop.due(second, shop.customer())
    asked: list[StepSummary] = []

    removed = remove_step(shop.shop, "VIP:enter:1", confirm=asked.append)

    assert asked[0].progress == {"scheduled": 1, "sent": 2, "failed": 0, "skipped": 0}
    assert (removed.rows, removed.warnings) == (3, [])
    assert [row["progress_id"] for row in shop.rows(shop.tables.progress)] == [kept]
    assert shop.row(shop.tables.sequence)["step_number"] == 2


def test_enter_step_1_can_be_removed_beside_exit_steps_1_and_2(shop: ShopBuilder, vip: int) -> None:
    for number, trigger in ((1, "enter"), (1, "exit"), (2, "exit")):
        shop.step(vip, number=number, trigger=trigger)

    remove_step(shop.shop, "VIP:enter:1", confirm=lambda _step: None)

    left = [(row["trigger_event"], row["step_number"]) for row in shop.rows(shop.tables.sequence)]
    assert left == [("exit", 1), ("exit", 2)]


def test_who_does_not_agree_keeps_the_step(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip)

    def refuse(step: StepSummary) -> None:
        raise InputError(f"{step.label} stays")

    with pytest.raises(InputError, match="VIP:enter:1 stays"):
        remove_step(shop.shop, "1", confirm=refuse)
    assert len(shop.rows(shop.tables.sequence)) == 1


def test_removing_the_last_step_of_an_active_automation_warns(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip)

    [warning] = remove_step(shop.shop, "1", confirm=lambda _step: None).warnings

    assert "has no active step" in warning
