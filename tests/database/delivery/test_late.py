"""Late is late: what is later than the limit is skipped, and steps keep their distance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.maho.newsletter_queue import QueueStatus
from segmail.settings import DeliverySettings
from tests.jobs import Ran, Runner
from tests.shop_builder import ShopBuilder

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_a_step_later_than_the_limit_is_skipped_as_stale(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    late, in_time = (
        shop.due(step, shop.customer(), scheduled_at=shop.now - days)
        for days in (7 * DAY + MINUTE, 7 * DAY)
    )

    ran = run_emails()

    assert (shop.status(late), shop.status(in_time)) == ("skipped", "sent")
    assert reason_of(ran, late) == ("stale: it was due more than 7 days ago")


def test_no_step_is_too_late_where_the_limit_is_switched_off(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    run_emails.delivery = DeliverySettings(stale_days=0)
    late = shop.due(shop.step(shop.segment()), shop.customer(), scheduled_at=shop.now - 300 * DAY)

    run_emails()

    assert shop.status(late) == "sent"


def test_what_was_postponed_is_not_late(shop: ShopBuilder, run_emails: Runner) -> None:
    """The time in the row counts, not when it was made."""
    postponed = shop.due(shop.step(shop.segment()), shop.customer(), created_at=shop.now - 30 * DAY)

    run_emails()

    assert shop.status(postponed) == "sent"


@pytest.fixture
def series(shop: ShopBuilder) -> list[int]:
    """A run of three steps, a day and two days apart, made five days ago: all of them are due."""
    segment, customer = shop.segment(), shop.customer()
    began = shop.now - 5 * DAY
    rows = []
    for number, days in enumerate((0, 1, 3), start=1):
        step = shop.step(segment, number=number, delay_minutes=days * 24 * 60)
        rows.append(shop.due(step, customer, created_at=began, scheduled_at=began + days * DAY))
    return rows


def test_after_an_outage_steps_of_one_run_keep_their_distance(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    second, third = series[1:]

    ran = run_emails()
    statuses = [shop.status(row) for row in series]
    times = [shop.progress(row)["scheduled_at"] for row in series]
    run_emails(now=shop.now + 5 * MINUTE)  # the next run knows when the first was sent
    moved = [shop.progress(row)["scheduled_at"] for row in (second, third)]
    early = run_emails(now=shop.now + DAY - MINUTE)
    on_time = run_emails(now=shop.now + DAY)

    assert statuses == ["sent", "scheduled", "scheduled"]
    assert times == [shop.now - days * DAY for days in (5, 4, 2)]
    assert reason_of(ran, second) == "step 1 comes before it"
    assert moved == [shop.now + DAY, shop.now + 3 * DAY]
    assert (len(early.mails), len(on_time.mails)) == (0, 1)
    assert (shop.status(second), shop.status(third)) == ("sent", "scheduled")
    assert shop.progress(third)["scheduled_at"] == shop.now + 3 * DAY


def test_a_moved_step_is_sent_at_its_new_time_and_the_last_one_after_it(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    for after in (timedelta(), 5 * MINUTE, DAY, 3 * DAY - MINUTE, 3 * DAY):
        run_emails(now=shop.now + after)

    sent_at = [shop.progress(row)["sent_at"] for row in series]
    assert sent_at == [shop.now, shop.now + DAY, shop.now + 3 * DAY]


def test_a_step_does_not_wait_for_one_that_is_not_sent(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    first, second, _ = series
    shop.change(shop.tables.progress, {"progress_id": first}, scheduled_at=shop.now - 8 * DAY)

    run_emails()

    assert (shop.status(first), shop.status(second)) == ("skipped", "sent")


def test_a_step_waits_for_the_next_try_of_one_that_was_deferred(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    first, second, _ = series
    queue = shop.insert(
        shop.tables.queue, template_id=shop.template(), queue_status=QueueStatus.CANCEL
    )
    next_try = shop.now + timedelta(hours=3)
    shop.change(shop.tables.progress, {"progress_id": first}, queue_id=queue, scheduled_at=next_try)

    run_emails()

    assert (shop.status(second), shop.progress(second)["scheduled_at"]) == ("scheduled", next_try)


def test_runs_of_other_moments_and_customers_are_not_held_back(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    second_step = shop.progress(series[1])["sequence_id"]
    customer = shop.progress(series[0])["customer_id"]
    other_run = shop.due(second_step, customer)
    other_customer = shop.due(second_step, shop.customer(), created_at=shop.now - 5 * DAY)

    run_emails()

    assert shop.status(other_customer) == "sent"
    # max_sends 1: sent once, by this run, as its twin waits
    assert shop.status(other_run) == "sent"


def test_without_the_setting_all_that_is_due_is_sent(
    shop: ShopBuilder, run_emails: Runner, series: list[int]
) -> None:
    run_emails.delivery = DeliverySettings(keep_distance=False)

    ran = run_emails()

    assert len(ran.messages) == 3


def test_a_few_minutes_of_cron_move_nothing(shop: ShopBuilder, run_emails: Runner) -> None:
    segment, customer = shop.segment(), shop.customer()
    began = shop.now - DAY - 10 * MINUTE
    first = shop.step(segment, number=1, delay_minutes=0)
    second = shop.step(segment, number=2, delay_minutes=24 * 60)
    shop.due(
        first,
        customer,
        created_at=began,
        scheduled_at=began,
        status="sent",
        sent_at=began + 14 * MINUTE,
    )
    row = shop.due(second, customer, created_at=began, scheduled_at=began + DAY)

    run_emails()

    assert shop.status(row) == "sent"


def reason_of(ran: Ran, progress_id: int) -> str:
    [reason] = [o.reason for o in ran.outcomes if o.row.progress_id == progress_id]
    return reason
