"""Rows of switched-off segments are held, not lost, and stand in nobody's way."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from segmail.maho.held_segments import load_held_until, mark_held
from segmail.maho.schema.tables import Layout
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder


@pytest.mark.parametrize("switch", ["automation", "is_active"])
def test_rows_of_a_switched_off_segment_stay_scheduled_and_are_counted(
    shop: ShopBuilder, run_emails: Runner, switch: str
) -> None:
    segment = shop.segment(**{switch: 0})  # type: ignore[arg-type]
    progress = shop.due(shop.step(segment), shop.customer())

    ran = run_emails()

    assert shop.status(progress) == "scheduled"
    assert ran.summary.held == 1


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_a_segment_with_the_trigger_none_is_switched_off(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment(trigger="none")), shop.customer())

    ran = run_emails()

    assert shop.status(progress) == "scheduled"
    assert ran.summary.held == 1


def test_held_rows_are_not_in_the_way_of_the_others(shop: ShopBuilder, run_emails: Runner) -> None:
    off = shop.step(shop.segment("off", automation=False))
    customer = shop.customer()
    for _ in range(5):
        shop.due(off, customer, scheduled_at=shop.now - timedelta(days=1))
    progress = shop.due(shop.step(shop.segment("on")), customer)

    run_emails(limit=1)

    assert shop.status(progress) == "sent"


def test_what_was_held_too_long_is_skipped_as_stale_when_it_is_let_go(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    segment = shop.segment(automation=False)
    step = shop.step(segment)
    old, fresh = (
        shop.due(step, shop.customer(), scheduled_at=shop.now - timedelta(days=days))
        for days in (8, 6)
    )
    run_emails()

    shop.change(shop.tables.segment, {"segment_id": segment}, auto_email_active=1)
    outcomes = run_emails().outcomes

    reasons = [outcome.reason for outcome in outcomes if outcome.row.progress_id == old]
    assert (shop.status(old), shop.status(fresh)) == ("skipped", "sent")
    assert reasons == [
        "stale: it was held back for more than 7 days, because the segment was switched off"
    ]


def test_two_hosts_may_mark_what_is_held_at_the_same_moment(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    start = threading.Barrier(2)

    def mark() -> None:
        start.wait(300)
        shop.transact(lambda tx: mark_held(tx, [1, 2, 3], now=shop.now))

    threads = [threading.Thread(target=mark) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    with shop.read() as tx:
        held = load_held_until(tx)
    assert held == dict.fromkeys([1, 2, 3], shop.now)
