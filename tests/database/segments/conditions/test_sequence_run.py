"""Where customers are in a segment's sequence of mails."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from segmail.errors import ConditionError
from segmail.maho.schema.tables import Layout
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.parametrize("layout", list(Layout))
_DAY = timedelta(days=1)


class Sequence:
    """A segment with three steps, and what became of its mails."""

    def __init__(self, sales: SalesBuilder, trigger: str = "enter") -> None:
        self.sales, self.shop = sales, sales.shop
        self.id = self.shop.segment(f"Welcome {trigger}", trigger=trigger)
        self.steps = [self.shop.step(self.id, number=n, trigger=trigger) for n in (1, 2, 3)]
        self.trigger = trigger

    def run(self, *statuses: str, days: int = 10, **columns: Any) -> int:
        """Insert a run that began so many days ago for a customer, by default a new one."""
        customer_id = columns.pop("customer_id", None) or self.shop.customer()
        began = self.shop.now - days * _DAY
        for number, status in enumerate(statuses):
            at = began + number * _DAY
            self.shop.due(
                self.steps[number],
                customer_id,
                status=status,
                trigger_type=self.trigger,
                created_at=began,
                scheduled_at=at,
                **{"sent_at": at if status == "sent" else None, **columns},
            )
        return int(customer_id)

    def who(self, attribute: str, operator: str, value: str) -> set[int]:
        return self.sales.who("sequence", attribute, operator, f"{self.id}:{value}")


def test_a_run_is_finished_once_its_last_active_step_was_sent(sales: SalesBuilder) -> None:
    welcome, everybody = Sequence(sales), set[int]()
    whole = welcome.run("sent", "sent", "sent")
    gap = welcome.run("sent", "skipped", "sent")
    waiting = welcome.run("sent", "sent", "scheduled")
    ordered = welcome.run("sent", "skipped", "skipped")
    failed = welcome.run("sent", "sent", "failed")
    stranger = welcome.shop.customer()
    everybody |= {whole, gap, waiting, ordered, failed, stranger}

    assert welcome.who("finished", "==", "1") == {whole, gap}
    assert welcome.who("finished", "==", "0") == everybody - {whole, gap}
    assert welcome.who("finished", "!=", "1") == everybody - {whole, gap}
    assert welcome.who("running", "==", "1") == {waiting}
    assert welcome.who("running", "==", "0") == everybody - {waiting}


def test_the_last_run_decides(sales: SalesBuilder) -> None:
    welcome = Sequence(sales)
    again = welcome.run("sent", "sent", "sent", days=90)
    welcome.run("sent", "scheduled", "scheduled", days=2, customer_id=again)
    twice = welcome.run("sent", "skipped", "skipped", days=90)
    welcome.run("sent", "sent", "sent", customer_id=twice)

    assert welcome.who("finished", "==", "1") == {twice}
    assert welcome.who("running", "==", "1") == {again}


def test_steps_that_are_off_or_gone_are_not_its_end(sales: SalesBuilder, shop: ShopBuilder) -> None:
    welcome = Sequence(sales)
    ada = welcome.run("sent", "sent", "skipped")
    assert welcome.who("finished", "==", "1") == set()

    shop.change(shop.tables.sequence, {"sequence_id": welcome.steps[2]}, is_active=0)
    assert welcome.who("finished", "==", "1") == {ada}

    for step in welcome.steps:
        shop.change(shop.tables.sequence, {"sequence_id": step}, is_active=0)
    assert welcome.who("finished", "==", "1") == set()


def test_days_count_from_the_last_mail_by_the_websites_clock(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    shop.config("general/locale/timezone", "America/Los_Angeles")
    shop.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    welcome = Sequence(sales)
    ada = welcome.run("sent", "sent", "sent", days=10)
    late = welcome.run("sent", "sent", "sent", sent_at=datetime(2026, 3, 9, 6, 59, tzinfo=UTC))
    welcome.run("sent", "sent", "scheduled")

    assert welcome.who("days_since_finished", "==", "8") == {ada}
    assert welcome.who("days_since_finished", "==", "2") == {late}
    assert welcome.who("days_since_finished", ">=", "2") == {ada, late}


def test_another_segments_mails_do_not_count(sales: SalesBuilder) -> None:
    welcome, other = Sequence(sales), Sequence(sales)
    ada = other.run("sent", "sent", "sent")

    assert welcome.who("finished", "==", "1") == set()
    assert other.who("finished", "==", "1") == {ada}


def test_a_sequence_for_who_leaves_is_one_where_there_is_no_other(sales: SalesBuilder) -> None:
    goodbye = Sequence(sales, "exit")
    ada, bob = goodbye.run("sent", "sent", "sent"), goodbye.run("sent", "scheduled", "scheduled")

    assert goodbye.who("finished", "==", "1") == {ada}
    assert goodbye.who("running", "==", "1") == {bob}


def test_random_runs_are_judged_as_by_a_plain_evaluation(sales: SalesBuilder) -> None:
    welcome = Sequence(sales)
    shop, pick = sales.shop, random.Random(5)  # noqa: S311 - data, not a secret
    shop.change(shop.tables.sequence, {"sequence_id": welcome.steps[1]}, is_active=0)
    for _ in range(30):
        customer_id = shop.customer()
        for days in pick.sample((3, 30, 60), pick.choice((0, 1, 2))):
            statuses = [
                pick.choice(("sent", "sent", "sent", "skipped", "failed", "scheduled"))
                for _ in range(pick.choice((1, 2, 3)))
            ]
            welcome.run(*statuses, days=days, customer_id=customer_id)
    active = {welcome.steps[0]: 1, welcome.steps[2]: 3}
    finished, ages = set(), {}
    for customer in shop.rows(shop.tables.customer):
        rows = shop.rows(shop.tables.progress, customer_id=customer["entity_id"])
        began = max((row["created_at"] for row in rows), default=None)
        run = [row for row in rows if row["created_at"] == began]
        counted = [row for row in run if row["sequence_id"] in active]
        counted.sort(key=lambda row: active[row["sequence_id"]])
        if counted and counted[-1]["status"] == "sent" and {r["status"] for r in run} <= {
            "sent", "skipped", "failed",
        }:  # fmt: skip
            finished.add(customer["entity_id"])
            last = max(row["sent_at"] for row in run if row["status"] == "sent")
            ages[customer["entity_id"]] = (shop.now.date() - last.date()).days

    assert finished
    assert welcome.who("finished", "==", "1") == finished
    for days in (1, 3, 28, 30, 60):
        found = {id for id, age in ages.items() if age >= days}
        assert welcome.who("days_since_finished", ">=", str(days)) == found


@for_each(
    ("attribute", "operator", "value", "message"),
    [
        ("finished", "==", "99:1", "names the segment '99', which is not there"),
        ("finished", "==", "1", "must be the id of a segment and yes or no"),
        ("running", "==", "{id}:maybe", "is compared with yes or no"),
        ("running", ">", "{id}:1", "is compared with yes or no"),
        ("days_since_finished", ">=", "{id}:soon", "is not a number"),
        ("begun", "==", "{id}:1", "is unknown"),
    ],
)
def test_what_means_nothing_is_refused(
    sales: SalesBuilder, attribute: str, operator: str, value: str, message: str
) -> None:
    id = sales.shop.segment()

    with pytest.raises(ConditionError, match=message):
        sales.who("sequence", attribute, operator, value.format(id=id))
