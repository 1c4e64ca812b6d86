"""Each row that ends without a mail has its reason in the database, where any host can read it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from segmail.delivery.rows.outcome import Status
from segmail.history.entries import HistoryEntry
from segmail.history.listing import tell_history
from segmail.history.query import HistoryFilter
from segmail.history.why import explain
from segmail.maho.customer_conditions import LEFT, ORDERED, SWITCHED_OFF, UNSUBSCRIBED
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.policies import Goal
from segmail.maho.schema.tables import Layout
from segmail.report.collect import collect_activity
from segmail.report.window import Window
from segmail.segments.refresh.sweep import sweep_up
from segmail.sequences.switch import disable_steps
from tests.database.history.failed import failed
from tests.database.refresh.refreshing import IN, OUT, decide, move, order, refresh
from tests.jobs import Runner
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


def told(shop: ShopBuilder) -> dict[int, HistoryEntry]:
    entries = tell_history(
        shop.shop,
        chosen=HistoryFilter(limit=100),
        now=shop.now + timedelta(days=1),
        lateness=timedelta(days=7),
    )
    return {entry.progress_id: entry for entry in entries}


@pytest.mark.parametrize(
    ("layout", "prefix"),
    [
        (Layout.SHIPPED, "m_"),
        (Layout.SPEC, ""),
        pytest.param(Layout.SHIPPED, "", marks=pytest.mark.thorough),
        pytest.param(Layout.SPEC, "m_", marks=pytest.mark.thorough),
    ],
)
def test_rows_ended_in_every_way_have_their_reason(shop: ShopBuilder, run_emails: Runner) -> None:
    create_sales_tables(shop)
    segment, off = shop.segment("VIP"), shop.segment("Old")
    step, removed = shop.step(segment), shop.step(off)
    decide(shop, segment, goal=Goal.ORDER)
    people = {name: shop.customer(f"{name}@example.test", group_id=IN) for name in _NAMES}
    refresh(shop)
    for row in shop.rows(shop.tables.progress):
        shop.change(
            shop.tables.progress,
            {"progress_id": row["progress_id"]},
            scheduled_at=shop.now - timedelta(minutes=1),
            created_at=shop.now - timedelta(minutes=1),
        )
    disable_steps(shop.shop, [str(removed)], now=shop.now)
    order(shop, people["ordered"], at=shop.now)
    refresh(shop, minutes=1)
    move(shop, people["left"], OUT)
    refresh(shop, minutes=2)
    shop.change(
        shop.tables.subscriber, {"customer_id": people["unsubscribed"]}, subscriber_status=3
    )
    sweep_up(shop.shop, now=shop.now)
    shop.change(shop.tables.customer, {"entity_id": people["inactive"]}, is_active=0)
    sent_before = shop.due(step, people["twice"], status="sent", sent_at=shop.now)
    run_emails()

    entries = told(shop)
    reasons = {
        entry.email.partition("@")[0]: entry.reason
        for entry in entries.values()
        if entry.sequence_id == step and entry.progress_id != sent_before and entry.email
    }

    assert reasons == {
        "ordered": ORDERED,
        "left": LEFT,
        "unsubscribed": UNSUBSCRIBED,
        "inactive": "the customer's account is inactive",
        "twice": "max_sends reached: this step was sent 1 of 1 times",
        "sent": None,
    }
    assert {e.reason for e in entries.values() if e.sequence_id == removed} == {SWITCHED_OFF}
    reason_rows = [q for q in shop.rows(shop.tables.queue) if q["newsletter_text"] == ""]
    assert len(reason_rows) == 6
    for row in reason_rows:
        assert row["queue_status"] == QueueStatus.CANCEL
        assert row["newsletter_subject"].startswith("Not sent: ")
        assert row["queue_start_at"] == row["queue_finish_at"]
    assert len(shop.rows(shop.tables.queue_link)) == 1


_NAMES = ("ordered", "left", "unsubscribed", "inactive", "twice", "sent")


def test_another_host_tells_every_reason_when_log_and_state_are_gone(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "1")
    t = shop.tables
    step, off, moved, exits = (shop.step(shop.segment()) for _ in range(4))
    broken = shop.step(shop.segment(), shop.template("{{var customer}}"))
    ended_rule = shop.step(shop.segment(), rule_id=shop.rule(is_active=0))
    left = shop.step(shop.segment(refresh_mode="manual"))
    goal = shop.segment()
    decide(shop, goal, goal=Goal.ORDER)
    bought = shop.step(goal)
    late = {"scheduled_at": shop.now - timedelta(days=8)}
    ways: dict[str, tuple[int, dict[str, Any], Callable[[int], object]]] = {
        "the customer's account is inactive": (step, {}, partial(_customer, shop, is_active=0)),
        ORDERED: (bought, {}, partial(order, shop, at=shop.now)),
        "the newsletter subscription has no e-mail address": (
            step, {}, partial(_subscriber, shop, subscriber_email="")),
        UNSUBSCRIBED: (step, {}, partial(_subscriber, shop, subscriber_status=3)),
        "the customer is not subscribed to the newsletter": (
            step, {}, partial(_subscriber, shop, customer_id=0)),
        "the address has unsubscribed from the newsletter by another": (
            step, {}, lambda id: shop.subscriber(0, f"w{id}@EXAMPLE.test ", status=3)),
        "stale: it was due more than 7 days ago": (step, late, lambda _: None),
        "max_sends reached": (
            step, {}, lambda id: shop.due(step, id, status="sent", sent_at=shop.now)),
        SWITCHED_OFF: (off, {}, lambda _: None),
        "the step's trigger is 'enter' now": (moved, {"trigger_type": "exit"}, lambda _: None),
        "the step's trigger is 'exit' now": (exits, {}, lambda _: None),
        "Sales rule 1": (ended_rule, {}, lambda _: None),
        "Template 'template": (broken, {}, lambda _: None),
        LEFT: (left, {}, lambda _: None),
    }  # fmt: skip
    rows, whose = {}, {}
    for reason, (sequence, columns, change) in ways.items():
        for _ in range(4):
            customer = shop.customer()
            shop.change(t.customer, {"entity_id": customer}, email=f"w{customer}@example.test")
            _subscriber(shop, customer, subscriber_email=f"w{customer}@example.test")
            row = shop.due(sequence, customer, **columns)
            change(customer)
            rows[row], whose[row] = reason, customer
    shop.change(t.sequence, {"sequence_id": exits}, trigger_event="exit")
    disable_steps(shop.shop, [str(off)], now=shop.now)
    run_emails(limit=0)
    shutil.rmtree(run_emails.folder / run_emails.state)

    other_host = replace(run_emails, state="other")
    history = told(shop)
    unlike = {
        row: history[row].reason if row in history else None
        for row, reason in rows.items()
        if row not in history or not (history[row].reason or "").startswith(reason)
    }
    assert unlike == {}
    for row, reason in list(rows.items())[::4]:
        answers = explain(other_host.job(), str(whose[row]))
        assert reason in " ".join(sentence for one in answers for sentence in one.sentences)


def _customer(shop: ShopBuilder, customer_id: int, **columns: object) -> None:
    shop.change(shop.tables.customer, {"entity_id": customer_id}, **columns)


def _subscriber(shop: ShopBuilder, customer: int, **columns: object) -> None:
    shop.change(shop.tables.subscriber, {"customer_id": customer}, **columns)


def test_rows_of_a_step_share_the_row_of_their_reason(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment())
    for _ in range(3):
        shop.due(step, shop.customer(subscribed=False))
    sweep_up(shop.shop, now=shop.now)
    shop.due(step, shop.customer(subscribed=False))
    sweep_up(shop.shop, now=shop.now + timedelta(hours=1))

    [reason] = shop.rows(shop.tables.queue)

    assert {row["queue_id"] for row in shop.rows(shop.tables.progress)} == {reason["queue_id"]}


def test_a_reason_that_an_admin_deleted_is_made_anew(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment())
    shop.due(step, shop.customer(subscribed=False))
    sweep_up(shop.shop, now=shop.now)
    shop.database.transact(lambda c: c.execute(shop.tables.queue.delete()))
    row = shop.due(step, shop.customer(subscribed=False))

    sweep_up(shop.shop, now=shop.now)

    assert told(shop)[row].reason == UNSUBSCRIBED


def test_a_row_that_was_tried_keeps_its_attempt_and_has_a_problem_row(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment())
    row = failed(shop, step, "451 Try later", customer=shop.customer(subscribed=False))
    shop.change(shop.tables.progress, {"progress_id": row}, status="scheduled")
    attempt = shop.progress(row)["queue_id"]

    sweep_up(shop.shop, now=shop.now)

    assert (shop.progress(row)["queue_id"], told(shop)[row].reason) == (attempt, UNSUBSCRIBED)
    assert told(shop)[row].tries == 1
    last = shop.rows(shop.tables.problem)[-1]
    assert (last["problem_error_text"], last["subscriber_id"]) == (
        f"Not sent: {UNSUBSCRIBED}",
        None,
    )


def test_a_skipped_row_that_somebody_schedules_by_hand_gets_a_queue_row_of_its_own(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    customer = shop.customer(is_active=0)
    row = shop.due(shop.step(shop.segment()), customer)
    run_emails()
    reason = shop.progress(row)["queue_id"]
    shop.change(shop.tables.customer, {"entity_id": customer}, is_active=1)
    shop.change(
        shop.tables.progress, {"progress_id": row}, status="scheduled", scheduled_at=shop.now
    )

    ran = run_emails()

    assert ran.count(Status.SENT) == 1
    assert shop.progress(row)["queue_id"] != reason
    assert shop.row(shop.tables.queue, queue_id=reason)["newsletter_text"] == ""


def test_the_log_has_a_line_for_each_ended_row_once_it_is_committed(
    shop: ShopBuilder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = shop.step(shop.segment())
    shop.customer()  # so that customers and rows have different ids
    people = [shop.customer(subscribed=False) for _ in range(2)]
    rows = [shop.due(step, customer) for customer in people]
    monkeypatch.setattr(logging.getLogger("segmail"), "propagate", True)

    with caplog.at_level(logging.INFO, "segmail"):
        sweep_up(shop.shop, now=shop.now)

    assert "\n".join(caplog.messages).splitlines()[:2] == [
        f"Skipped step 1 (enter) of segment 1 for customer {id}, progress {row}: {UNSUBSCRIBED}"
        for id, row in zip(people, rows, strict=True)
    ]


def test_reasons_count_as_no_mails_and_at_the_time_of_their_rows(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    long_ago = shop.now - timedelta(days=3)
    shop.due(step, shop.customer(is_active=0), scheduled_at=long_ago)
    run_emails()
    window = Window(shop.now - timedelta(hours=1), shop.now + timedelta(hours=1))

    activity = collect_activity(shop.shop, window, now=shop.now)

    counts = activity.counts
    assert (counts.sent, counts.failed, counts.skipped) == (0, 0, 0)


def test_many_rows_are_ended_with_the_same_statements(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment())
    statements: list[str] = []

    def count_of(number: int) -> int:
        template = shop.progress(shop.due(step, shop.customer()))
        del template["progress_id"]
        shop.insert_all(shop.tables.progress, [template] * number)
        statements.clear()
        disable_steps(shop.shop, [str(step)], now=shop.now)
        return len([sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))])

    event.listen(shop.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    count_of(1)

    assert count_of(3) == count_of(900)
