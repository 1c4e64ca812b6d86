"""What the policies of a segment do, at a refresh and at the moment of sending."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from segmail.delivery.rows.outcome import Status
from segmail.maho.customer_conditions import BEGUN_ANEW, has_ordered
from segmail.maho.policies import Goal, OnExit, OnReentry
from segmail.maho.schema.tables import Layout
from segmail.segments.refresh import Choice
from tests.database.refresh.refreshing import (
    IN,
    OUT,
    decide,
    move,
    order,
    refresh,
    refresh_one,
    scheduled,
)
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder


def test_continue_lets_those_who_leave_have_their_steps(shop: ShopBuilder) -> None:
    segment = shop.segment(allow_overlapping_sequences=1)
    shop.step(segment)
    shop.step(segment, trigger="exit")
    decide(shop, segment, on_exit=OnExit.CONTINUE)
    ada = shop.customer()
    refresh_one(shop)
    move(shop, ada, OUT)

    done = refresh_one(shop, minutes=15)

    assert (done.left, done.stopped) == (1, 0)
    assert scheduled(shop) == [(ada, "enter", 1), (ada, "exit", 1)]


def test_who_goes_on_has_the_exit_sequence_at_the_same_time(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    shop.step(segment, trigger="exit")
    decide(shop, segment, on_exit=OnExit.CONTINUE)
    ada = shop.customer()
    refresh_one(shop)
    move(shop, ada, OUT)

    assert refresh_one(shop).enrolled == 1
    assert scheduled(shop) == [(ada, "enter", 1), (ada, "exit", 1)]


@pytest.mark.parametrize(("choice", "enrolled"), [(OnReentry.ONCE, 1), (OnReentry.NEVER, 0)])
def test_re_entry_starts_the_sequence_again_or_never(
    shop: ShopBuilder, choice: OnReentry, enrolled: int
) -> None:
    segment = shop.segment()
    shop.step(segment)
    decide(shop, segment, on_reentry=choice)
    ada = shop.customer()
    for minutes, group in ((0, OUT), (15, IN)):
        refresh_one(shop, minutes=minutes)
        move(shop, ada, group)

    done = refresh_one(shop, minutes=30)

    assert (done.entered, done.enrolled) == (1, enrolled)
    assert done.not_enrolled == ({} if enrolled else {"who had this sequence before": 1})


@pytest.mark.parametrize("layout", list(Layout))
def test_each_entry_is_a_run_of_its_own(shop: ShopBuilder, run_emails: Runner) -> None:
    segment = shop.segment()
    first = shop.step(segment, delay_minutes=0)
    shop.step(segment, number=2, delay_minutes=1440)
    decide(shop, segment, on_reentry=OnReentry.EACH_ENTRY, on_exit=OnExit.CONTINUE)
    ada = shop.customer("ada@example.test")
    refresh_one(shop)
    assert run_emails().recipients == ["ada@example.test"]
    move(shop, ada, OUT)
    refresh_one(shop, minutes=15)
    move(shop, ada, IN)
    shop.now += timedelta(minutes=30)

    done = refresh_one(shop)

    # The first run's second step makes room, and max_sends counts within the new run.
    assert (done.entered, done.enrolled, done.stopped) == (1, 1, 1)
    assert scheduled(shop) == [(ada, "enter", 1), (ada, "enter", 2)]
    [ended] = shop.rows(shop.tables.progress, status="skipped")
    subject = shop.row(shop.tables.queue, queue_id=ended["queue_id"])["newsletter_subject"]
    assert subject == f"Not sent: {BEGUN_ANEW}"
    shop.due(first, ada, created_at=shop.now)  # once more in the same run
    assert run_emails().recipients == ["ada@example.test"]


@pytest.mark.parametrize(("days", "enrolled"), [(6, 0), (7, 1)])
def test_an_entry_within_the_days_starts_no_run(
    shop: ShopBuilder, days: int, enrolled: int
) -> None:
    segment = shop.segment()
    step = shop.step(segment)
    decide(shop, segment, on_reentry=OnReentry("each entry after 7 days"))
    ada = shop.customer(group_id=OUT)
    shop.due(step, ada, status="sent", created_at=shop.now)
    refresh_one(shop)
    move(shop, ada, IN)

    done = refresh_one(shop, minutes=days * 1440)

    assert (done.entered, done.enrolled) == (1, enrolled)
    told = "whose last run began less than 7 days ago"
    assert done.not_enrolled == ({} if enrolled else {told: 1})
    # Nor does it start later because the days have passed: the entry was then.
    assert refresh_one(shop, minutes=(days + 2) * 1440).enrolled == 0


def test_where_sequences_may_overlap_the_former_run_goes_on(shop: ShopBuilder) -> None:
    segment = shop.segment(allow_overlapping_sequences=1)
    shop.step(segment)
    decide(shop, segment, on_reentry=OnReentry.EACH_ENTRY, on_exit=OnExit.CONTINUE)
    ada = shop.customer()
    for minutes, group in ((0, OUT), (15, IN)):
        refresh_one(shop, minutes=minutes)
        move(shop, ada, group)

    assert refresh_one(shop, minutes=30).stopped == 0
    assert scheduled(shop) == [(ada, "enter", 1)] * 2


@pytest.mark.parametrize("prefix", ["", "maho_"])
@pytest.mark.parametrize(
    ("minutes", "state", "stops"),
    [
        (-1, "complete", False),
        (0, "processing", True),
        (5, "new", True),
        (5, None, True),
        (5, "canceled", False),
    ],
)
def test_an_order_after_the_enrolment_ends_the_sequence_at_the_refresh(
    shop: ShopBuilder, minutes: int, state: str | None, stops: bool
) -> None:
    segment = shop.segment()
    shop.step(segment)
    decide(shop, segment, goal=Goal.ORDER)
    ada, bob = shop.customer(), shop.customer()
    order(shop, 4711, at=shop.now)
    refresh_one(shop)
    order(shop, ada, at=shop.now + timedelta(minutes=minutes), state=state)

    done = refresh_one(shop, minutes=15)

    assert done.ordered == int(stops)
    assert (bob, "enter", 1) in scheduled(shop)
    assert ((ada, "enter", 1) in scheduled(shop)) is not stops


@pytest.mark.parametrize(
    ("email", "store", "stops"),
    [("ADA@example.test", 1, True), ("eve@example.test", 1, False), ("ada@example.test", 7, False)],
)
def test_a_guests_order_with_the_customers_address_counts_in_their_website(
    shop: ShopBuilder, email: str, store: int, stops: bool
) -> None:
    progress = shop.tables.progress
    shop.insert(shop.tables.website, website_id=7, code="other", name="Other")
    shop.insert(
        shop.tables.store,
        store_id=7,
        code="other",
        website_id=7,
        group_id=1,
        name="Other",
        is_active=1,
    )
    segment = shop.segment()
    shop.step(segment)
    decide(shop, segment, goal=Goal.ORDER)
    ada = shop.customer("ada@example.test")
    order(shop, 4711, at=shop.now)
    refresh_one(shop)
    at = shop.now + timedelta(minutes=5)
    order(shop, None, at=at, customer_email=email, store_id=store)

    with shop.database.read() as connection:  # what a run asks before it sends
        found = connection.scalars(select(progress.c.progress_id).where(has_ordered(shop.tables)))
        assert len(found.all()) == int(stops)
    assert refresh_one(shop, minutes=15).ordered == int(stops)
    assert ((ada, "enter", 1) in scheduled(shop)) is not stops


def test_without_a_goal_an_order_changes_nothing(shop: ShopBuilder) -> None:
    shop.step(shop.segment())
    ada = shop.customer()
    refresh_one(shop)
    order(shop, ada, at=shop.now + timedelta(minutes=5))

    assert refresh_one(shop, minutes=15).ordered == 0
    assert scheduled(shop) == [(ada, "enter", 1)]


def test_an_order_is_seen_at_the_moment_of_sending(shop: ShopBuilder, run_emails: Runner) -> None:
    segment = shop.segment()
    step = shop.step(segment)
    decide(shop, segment, goal=Goal.ORDER)
    ada, bob = shop.customer(), shop.customer("bob@example.test")
    shop.due(step, ada)
    shop.due(step, bob)
    order(shop, ada, at=shop.now - timedelta(minutes=30))

    ran = run_emails()

    assert ran.recipients == ["bob@example.test"]
    [skipped] = [one for one in ran.outcomes if one.status is Status.SKIPPED]
    assert skipped.reason == "the customer has ordered since the sequence began"


@pytest.mark.parametrize(("choice", "mails"), [(None, 1), (OnExit.STOP, 1), (OnExit.CONTINUE, 2)])
def test_membership_is_asked_for_before_a_mail_unless_a_policy_says_continue(
    shop: ShopBuilder, run_emails: Runner, choice: OnExit | None, mails: int
) -> None:
    segment = shop.segment(refresh_mode="manual")  # segmail does not refresh it by itself
    step = shop.step(segment)
    ada, bob = shop.customer(), shop.customer(group_id=OUT)
    refresh(shop, choice=Choice(names=[str(segment)]), enrol=False)
    if choice is not None:
        decide(shop, segment, on_exit=choice)
    for customer_id in (ada, bob):
        shop.due(step, customer_id)

    ran = run_emails()

    assert len(ran.messages) == mails
    assert ran.count(Status.SKIPPED) == 2 - mails


def test_exit_steps_are_sent_to_those_who_have_left(shop: ShopBuilder, run_emails: Runner) -> None:
    segment = shop.segment()
    decide(shop, segment, on_exit=OnExit.STOP)
    shop.due(shop.step(segment, trigger="exit"), shop.customer())

    assert len(run_emails().mails) == 1
