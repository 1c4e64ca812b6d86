"""Why a customer did, did not or will receive a mail, in plain sentences."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from segmail.errors import InputError
from segmail.history.why import Answer, explain
from segmail.maho.customer_conditions import ORDERED
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.policies import Goal
from segmail.maho.schema.tables import Layout
from tests.database.history.failed import INTERRUPTED, failed
from tests.database.refresh.crowd import TREE
from tests.database.refresh.refreshing import IN, OUT, decide, move, order
from tests.jobs import Runner
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

ADA = "ada@example.test"


@pytest.fixture(autouse=True)
def _switched_on(shop: ShopBuilder) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "1")


@pytest.fixture
def ada(shop: ShopBuilder) -> int:
    return shop.customer(ADA)


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"))


def answers(runner: Runner, **asked: Any) -> list[Answer]:
    return explain(runner.job(), ADA, **asked)


def told(runner: Runner) -> tuple[str, ...]:
    [answer] = answers(runner, step="VIP:enter:1")
    return answer.sentences


def enter(shop: ShopBuilder, customer: int, *, days_ago: int) -> None:
    at = shop.now - timedelta(days=days_ago)
    shop.insert(
        shop.tables.member,
        segment_id=1,
        customer_id=customer,
        website_id=1,
        added_at=at,
        updated_at=at,
    )


@pytest.mark.parametrize("layout", Layout)
def test_a_scheduled_step_will_be_sent(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    shop.due(step, ada, scheduled_at=shop.now + timedelta(days=1))

    assert told(run_emails) == (
        "It was scheduled for 2026-03-11 12:00 UTC.",
        "As things are, it will be sent to ada@example.test: 'Hello Ada'.",
    )


def test_a_due_step_of_somebody_who_unsubscribed_will_be_skipped(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    shop.due(step, ada)
    shop.change(shop.tables.subscriber, {"customer_id": ada}, subscriber_status=3)

    assert told(run_emails) == (
        "It was scheduled for 2026-03-10 11:59 UTC and is due.",
        "As things are, it will be skipped: the customer is not subscribed to the newsletter any "
        "more.",
    )


def test_a_step_that_was_sent_is_told_with_what_keeps_it_from_being_sent_again(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    shop.due(step, ada)
    run_emails()

    assert told(run_emails) == (
        "It was sent at 2026-03-10 12:00 UTC: 'Hello Ada'.",
        "If it were scheduled now, it would be skipped: max_sends reached: this step was sent 1 "
        "of 1 times.",
    )


def test_an_interrupted_step_is_told_with_the_way_to_send_it_again(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    row = failed(shop, step, INTERRUPTED, customer=ada)

    assert told(run_emails)[0] == (
        f"It failed at 2026-03-10 12:00 UTC: {INTERRUPTED}. Nobody knows whether it arrived; "
        f"`segmail retry --progress {row}` sends it again."
    )


def test_a_step_whose_coupon_cannot_be_made_will_fail(
    shop: ShopBuilder, run_emails: Runner, ada: int
) -> None:
    rule = shop.rule("Club 2025", is_active=0)
    step = shop.step(shop.segment("VIP"), shop.template("{{var coupon_code}}"), rule_id=rule)
    shop.due(step, ada)

    assert told(run_emails)[-1] == (
        'As things are, it will fail: Sales rule 1 "Club 2025" is not active.'
    )


def test_what_keeps_every_mail_back_is_told(
    shop: ShopBuilder, run_emails: Runner, ada: int
) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "0")
    shop.due(shop.step(shop.segment("VIP", automation=False)), ada)

    assert told(run_emails)[1:3] == (
        "Nothing is sent: e-mail automation is switched off by "
        "customer_segmentation/email_automation/enabled.",
        "Due steps are held: the segment's automation is switched off.",
    )


@pytest.mark.parametrize("layout", Layout)
def test_who_is_not_in_the_segment_was_never_scheduled(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    assert told(run_emails) == (
        "It was never scheduled for this customer.",
        "The customer is not in the segment; it is scheduled for those who enter.",
        "As things are, it will not be scheduled: the customer is not in the segment.",
    )


def test_who_entered_before_the_step_was_made_was_never_scheduled(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    enter(shop, ada, days_ago=3)

    assert told(run_emails)[1] == (
        "The customer is in the segment since 2026-03-07 12:00 UTC; the step was made after that, "
        "at 2026-03-10 12:00 UTC."
    )


def test_every_step_of_the_customers_segments_is_told(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    enter(shop, ada, days_ago=3)
    shop.step(1, number=2)
    other = shop.step(shop.segment("New"))
    shop.step(shop.segment("Nobody"))
    shop.due(other, ada, status="skipped")

    assert [(one.step, one.outcome) for one in answers(run_emails)] == [
        ("VIP:enter:1", "never"),
        ("VIP:enter:2", "never"),
        ("New:enter:1", "skipped"),
    ]
    assert len(answers(run_emails, segment="New")) == 1


def test_nothing_is_changed(shop: ShopBuilder, run_emails: Runner, ada: int, step: int) -> None:
    row = failed(shop, step, "451 Try later", customer=ada)
    shop.change(shop.tables.progress, {"progress_id": row}, status="scheduled")
    shop.due(shop.step(1, number=2, rule_id=shop.rule()), ada)
    tables = (shop.tables.progress, shop.tables.queue, shop.tables.coupon)
    before = [shop.rows(table) for table in tables]

    answers(run_emails)

    assert [shop.rows(table) for table in tables] == before


def test_a_mail_under_way_is_left_to_its_run(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    row = failed(shop, step, None, customer=ada, queue_status=QueueStatus.PAUSE)
    shop.change(shop.tables.progress, {"progress_id": row}, status="scheduled")

    assert told(run_emails) == (
        "It is under way; if its run died, the next one settles it after the lease.",
    )


def test_many_rows_of_a_step_are_told_in_part(
    shop: ShopBuilder, run_emails: Runner, ada: int, step: int
) -> None:
    for _ in range(5):
        shop.due(step, ada, status="skipped")

    assert "`segmail history` has 2 earlier ones." in told(run_emails)


def test_segment_and_step_together_are_refused(
    shop: ShopBuilder, run_emails: Runner, ada: int
) -> None:
    with pytest.raises(InputError, match="not both"):
        answers(run_emails, segment="VIP", step="VIP:enter:1")


def test_nobody_is_told_to_be_sent_what_facts_of_now_forbid(
    shop: ShopBuilder, run_emails: Runner, ada: int
) -> None:
    create_sales_tables(shop)
    segment = shop.segment("Readers", conditions_serialized=json.dumps(TREE), website_ids="1")
    step = shop.step(segment, number=7)
    decide(shop, segment, goal=Goal.ORDER)
    before = shop.now - timedelta(days=9)
    shop.due(step, ada, status="skipped", created_at=before, scheduled_at=before)
    joined = {"segment_id": segment, "customer_id": ada, "website_id": 1}
    shop.insert_all(shop.tables.member, [{**joined, "added_at": shop.now, "updated_at": shop.now}])

    def last_word() -> str:
        [answer] = [it for it in explain(run_emails.job(), str(ada)) if it.sequence_id == step]
        return answer.sentences[-1]

    move(shop, ada, IN)
    assert "would be sent" in last_word()
    entered = shop.due(step, ada, status="skipped", created_at=shop.now)
    assert "will not be scheduled: the customer has had the sequence since entering" in last_word()
    shop.change(shop.tables.progress, {"progress_id": entered}, status="scheduled")
    assert "will be sent" in last_word()
    shop.change(shop.tables.progress, {"progress_id": entered}, status="failed")
    assert "If it were scheduled now, it would be sent" in last_word()
    shop.change(shop.tables.progress, {"progress_id": entered}, status="skipped")
    first = shop.step(segment, number=1)
    sent = shop.due(first, ada, status="sent", created_at=before, scheduled_at=before)
    assert "has had all sends of one of the sequence's steps" in last_word()
    shop.change(shop.tables.progress, {"progress_id": sent}, status="skipped")
    move(shop, ada, OUT)
    assert "does not match the segment's conditions any more" in last_word()
    move(shop, ada, IN)
    order(shop, ada, at=shop.now)
    assert ORDERED in last_word()
    shop.database.transact(lambda c: c.execute(shop.tables.member.delete()))
    assert "the customer is not in the segment" in last_word()
