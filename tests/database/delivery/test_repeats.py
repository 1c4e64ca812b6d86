"""A step that repeats: what follows a row is made in the transaction that settles it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from segmail.delivery.recover_restored import find_forgotten, settle_found
from segmail.delivery.rows.settle import Settler
from segmail.history.retry import RetryRequest, find_failures, schedule_again
from segmail.maho.policies import Goal, OnExit, OnReentry
from segmail.maho.repeats import Repeat
from segmail.maho.step_policies import StepPolicy, save_step_policy
from segmail.segments.refresh.sweep import sweep_up
from tests.database.refresh.refreshing import IN, OUT, decide, move, order, refresh
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

DAY, MONTH = timedelta(days=1), timedelta(days=31)
BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)


def repeat(shop: ShopBuilder, sequence_id: int, words: str) -> None:
    policy = StepPolicy(repeat=Repeat.read(words))
    shop.shop.transact(lambda tx: save_step_policy(tx, sequence_id, policy))


@pytest.fixture
def monthly(shop: ShopBuilder) -> int:
    """A step that repeats each month, three times at most; its max_sends is 1."""
    step = shop.step(shop.segment())
    repeat(shop, step, "every month, at most 3")
    return step


def first(shop: ShopBuilder, step: int, customer_id: int | None = None, **columns: Any) -> int:
    """Schedule the step for a member of its segment on 31 January."""
    customer_id = customer_id or shop.customer()
    segment_id = shop.row(shop.tables.sequence, sequence_id=step)["segment_id"]
    shop.insert_all(
        shop.tables.member,
        [{"segment_id": segment_id, "customer_id": customer_id, "website_id": 1,
          "added_at": BEGAN, "updated_at": BEGAN}],
    )  # fmt: skip
    times = {"created_at": BEGAN, "scheduled_at": BEGAN}
    return shop.due(step, customer_id, **{**times, **columns})


def play(run: Runner, *days: int) -> None:
    for day in days:
        run(now=BEGAN + day * DAY)


def rows(shop: ShopBuilder) -> list[tuple[str, str]]:
    """Return status and day of every row; each carries its run's beginning."""
    found = shop.rows(shop.tables.progress)
    assert {row["created_at"] for row in found} <= {BEGAN}
    return [(row["status"], f"{row['scheduled_at']:%d %b %H:%M}") for row in found]


def test_it_is_sent_by_the_calendar_as_often_as_it_says(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    first(shop, monthly)

    play(run_emails, 0, 1, 27, 28, 58, 59, 60, 89, 90, 120)

    assert rows(shop) == [
        ("sent", "31 Jan 12:00"),
        ("sent", "28 Feb 12:00"),
        ("sent", "31 Mar 12:00"),
    ]


def test_the_calendar_is_that_of_the_customers_website(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    shop.config("general/locale/timezone", "Europe/Berlin", scope="websites", id=1)
    first(shop, monthly)

    play(run_emails, 0, 28)

    assert rows(shop)[1:] == [("sent", "28 Feb 12:00"), ("scheduled", "31 Mar 11:00")]


def test_a_skipped_and_a_failed_one_go_on(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    customer = shop.customer()
    first(shop, monthly, customer)
    subscriber, template = {"customer_id": customer}, {"template_id": 1}

    shop.change(shop.tables.subscriber, subscriber, subscriber_status=3)
    run_emails(now=BEGAN)
    shop.change(shop.tables.subscriber, subscriber, subscriber_status=1)
    text = shop.row(shop.tables.template, **template)["template_text"]
    shop.change(shop.tables.template, template, template_text="{{include nothing}}")
    run_emails(now=BEGAN + 28 * DAY)
    shop.change(shop.tables.template, template, template_text=text)
    play(run_emails, 59, 89, 120, 150, 181)

    assert [status for status, _ in rows(shop)] == ["skipped", "failed", "sent", "sent", "sent"]


def test_a_retried_row_is_followed_once(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    first(shop, monthly)
    text = shop.row(shop.tables.template)["template_text"]
    shop.change(shop.tables.template, {}, template_text="{{include nothing}}")
    run_emails(now=BEGAN)
    shop.change(shop.tables.template, {}, template_text=text)

    found = find_failures(shop.shop, RetryRequest(everything=True))
    schedule_again(shop.shop, found.failures, due_at=BEGAN + DAY, now=BEGAN + DAY)
    run_emails(now=BEGAN + DAY)

    assert rows(shop) == [("sent", "31 Jan 12:00"), ("scheduled", "28 Feb 12:00")]


def test_after_an_outage_it_goes_on_with_the_next_date(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    first(shop, monthly)

    run_emails(now=BEGAN + 100 * DAY)

    assert rows(shop) == [("skipped", "31 Jan 12:00"), ("scheduled", "31 May 12:00")]


@pytest.mark.parametrize("on_exit", OnExit)
def test_who_has_left_ends_it_whatever_on_exit_says(
    shop: ShopBuilder, run_emails: Runner, monthly: int, on_exit: OnExit
) -> None:
    first(shop, monthly)
    decide(shop, 1, on_exit=on_exit)
    shop.change(shop.tables.segment, {}, refresh_mode="manual")  # by membership, then
    run_emails(now=BEGAN)
    shop.database.transact(lambda c: c.execute(shop.tables.member.delete()))

    play(run_emails, 28, 59, 90)

    assert [status for status, _ in rows(shop)] == ["sent", "skipped"]


def test_the_goal_ends_it(shop: ShopBuilder, run_emails: Runner, monthly: int) -> None:
    customer = shop.customer()
    first(shop, monthly, customer)
    decide(shop, 1, goal=Goal.ORDER)
    order(shop, customer, at=BEGAN - DAY)
    run_emails(now=BEGAN)
    order(shop, customer, at=BEGAN + DAY)

    play(run_emails, 28, 59, 90)

    assert [status for status, _ in rows(shop)] == ["sent", "skipped"]


def test_each_entry_has_its_own_number_of_mails(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    """By `once`, as many as it says were sent for ever; the earlier run counts."""
    customer = shop.customer()
    for count in range(3):
        shop.due(monthly, customer, created_at=BEGAN - MONTH, scheduled_at=BEGAN - count * DAY,
                 status="sent", sent_at=BEGAN - count * DAY)  # fmt: skip
    decide(shop, 1, on_reentry=OnReentry.EACH_ENTRY)
    row = first(shop, monthly, customer)

    run_emails(now=BEGAN)
    decide(shop, 1, on_reentry=OnReentry.ONCE)
    run_emails(now=BEGAN + 28 * DAY)

    assert shop.status(row) == "sent"
    assert [it["status"] for it in shop.rows(shop.tables.progress)][4:] == ["skipped"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_dies_when_it_settles_loses_and_repeats_nothing(
    shop: ShopBuilder,
    run_emails: Runner,
    monthly: int,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """The mail is accepted; the run dies before or right after the commit."""
    first(shop, monthly)

    with monkeypatch.context() as patch:
        patch.setattr(Settler, "settle", dying(Settler.settle, moment))
        with pytest.raises(KeyboardInterrupt):
            run_emails(now=BEGAN)
    mails = [len(run_emails(now=BEGAN + minutes * DAY / 1440).mails) for minutes in (5, 20, 40)]

    assert mails == [0, 0, 0]
    assert rows(shop) == [("sent", "31 Jan 12:00"), ("scheduled", "28 Feb 12:00")]


def dying(settle: Callable[..., None], moment: str) -> Callable[..., None]:
    def die(self: Settler, outcomes: Any, *, now: datetime) -> None:
        if not any(outcome.queue_id for outcome in outcomes):
            settle(self, outcomes, now=now)
            return
        if moment == "after":
            settle(self, outcomes, now=now)
        raise KeyboardInterrupt

    return die


def test_settling_twice_makes_one_row(
    shop: ShopBuilder, run_emails: Runner, monthly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a connection that was lost at the commit."""
    first(shop, monthly)
    settle = Settler.settle

    def twice(self: Settler, outcomes: Any, *, now: datetime) -> None:
        settle(self, outcomes, now=now)
        settle(self, outcomes, now=now)

    monkeypatch.setattr(Settler, "settle", twice)
    run_emails(now=BEGAN)

    assert rows(shop) == [("sent", "31 Jan 12:00"), ("scheduled", "28 Feb 12:00")]


def test_an_attempt_of_a_held_row_is_followed_when_another_run_resolves_it(
    shop: ShopBuilder, run_emails: Runner, monthly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first(shop, monthly)
    with monkeypatch.context() as patch:
        patch.setattr(Settler, "settle", dying(Settler.settle, "before"))
        with pytest.raises(KeyboardInterrupt):
            run_emails(now=BEGAN)
    shop.change(shop.tables.segment, {"segment_id": 1}, auto_email_active=0)

    run_emails(now=BEGAN + DAY)

    assert rows(shop) == [("sent", "31 Jan 12:00"), ("scheduled", "28 Feb 12:00")]


def test_what_a_restored_database_forgot_is_followed(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    row = first(shop, monthly)
    run_emails(now=BEGAN)
    restored = shop.tables.progress.c.progress_id == row
    shop.database.transact(lambda c: c.execute(shop.tables.progress.delete().where(~restored)))
    shop.change(shop.tables.progress, {}, status="scheduled", sent_at=None, queue_id=None)
    shop.database.transact(lambda c: c.execute(shop.tables.queue_link.delete()))
    shop.database.transact(lambda c: c.execute(shop.tables.queue.delete()))
    job = run_emails.job(now=BEGAN + DAY)

    settle_found(job, find_forgotten(job), advance=lambda _count: None)

    assert rows(shop) == [("sent", "31 Jan 12:00"), ("scheduled", "28 Feb 12:00")]


def test_who_subscribes_again_goes_on_though_maho_has_ended_it(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    """Maho skips what waits when a customer unsubscribes, and knows of no repeat."""
    here, away = shop.customer(), shop.customer()
    for customer in (here, away):
        first(shop, monthly, customer)
    run_emails(now=BEGAN)
    waiting = {"status": "scheduled"}
    shop.change(shop.tables.progress, waiting, status="skipped")
    shop.change(shop.tables.subscriber, {"customer_id": away}, subscriber_status=3)

    for day in (40, 41):
        sweep_up(shop.shop, now=BEGAN + day * DAY)

    found = shop.rows(shop.tables.progress, customer_id=here, status="scheduled")
    assert [f"{row['scheduled_at']:%d %b}" for row in found] == ["31 Mar"]
    assert shop.rows(shop.tables.progress, customer_id=away, status="scheduled") == []


def test_a_waiting_repetition_is_no_running_sequence(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    """It keeps nobody from another campaign of the group, which does not end it either."""
    customer = shop.customer(group_id=OUT)
    first(shop, monthly, customer)
    run_emails(now=BEGAN)
    other = shop.segment()
    shop.step(other)
    decide(shop, 1, group="one")
    decide(shop, other, group="one", priority=7)
    shop.change(shop.tables.segment, {"segment_id": 1}, refresh_mode="manual")
    move(shop, customer, IN)

    [done] = refresh(shop)

    assert (done.enrolled, done.stopped) == (1, 0)


def test_leaving_ends_a_waiting_repetition(
    shop: ShopBuilder, run_emails: Runner, monthly: int
) -> None:
    customer = shop.customer(group_id=OUT)
    first(shop, monthly, customer)
    decide(shop, 1, on_exit=OnExit.CONTINUE)
    run_emails(now=BEGAN)

    [done] = refresh(shop)

    assert (done.left, done.stopped) == (1, 1)
    assert [status for status, _ in rows(shop)] == ["sent", "skipped"]
