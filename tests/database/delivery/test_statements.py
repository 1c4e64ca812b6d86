"""The number of SQL statements does not grow with the number of mails in a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from segmail.delivery.assemble import Share, Work, open_run
from segmail.delivery.first_look import look_for_due, sending, steps_of
from segmail.delivery.job import Options
from segmail.settings import DeliverySettings
from segmail.transport.settings import mail_settings
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder


@contextmanager
def counted(shop: ShopBuilder, job: Any) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # which SQLite alone is told like that
            statements.append(statement)

    event.listen(job.shop.database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(job.shop.database.engine, "before_cursor_execute", count)


def statements_for(shop: ShopBuilder, runner: Runner, mails: int) -> int:
    step = shop.step(shop.segment(), rule_id=shop.rule(), coupon_prefix="WB")
    for _ in range(mails):
        shop.due(step, shop.customer())
    with counted(shop, shop) as statements:
        ran = runner(limit=100)
    assert len(ran.messages) == mails
    return len(statements)


def test_a_batch_of_100_takes_hardly_more_statements_than_one_of_10(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    small = statements_for(shop, run_emails, 10)
    large = statements_for(shop, run_emails, 100)

    settlements = 10 * 5  # groups form by the clock: at worst ten more, of five statements each
    assert large <= small + settlements
    assert large < 100


def test_a_batch_of_50_in_three_segments_takes_at_most_one_statement_a_mail(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    run_emails.delivery = DeliverySettings(batch=50)
    steps = [shop.step(shop.segment(), rule_id=shop.rule()) for _ in range(3)]
    for number in range(100):
        shop.due(steps[number % 3], shop.customer())

    with counted(shop, shop) as statements:
        ran = run_emails(limit=0)

    assert len(ran.messages) == 100
    assert len(statements) <= 100


@pytest.mark.parametrize("segments", [1, 3])
def test_looking_again_takes_the_same_statements_for_one_mail_and_for_thirty(
    shop: ShopBuilder, run_emails: Runner, segments: int
) -> None:
    rules = [shop.rule(f"rule {number}") if segments > 1 else None for number in range(segments)]
    steps = [shop.step(shop.segment(), rule_id=rule) for rule in rules]
    for number in range(30):
        shop.due(steps[number % segments], shop.customer())
    job, options = run_emails.job(), Options(limit=0)
    due = look_for_due(job, options, sending(steps_of(job, options)))
    transport = mail_settings(job.settings, job.config, None)

    with open_run(Work.load(job, options, due, transport), Share()) as run:
        plan = run.batches.planner.plan(
            run.batches.claimer.claim(now=shop.now, limit=30), now=shop.now
        )
        attempts, _ = run.batches.recorder.record(
            plan.prepared,
            now=shop.now,
            before_commit=lambda _: None,
            admit=partial(plan.timetable.admit, now=shop.now),
        )
        taken = []
        for some in (attempts[:segments], attempts):
            with counted(shop, job) as statements:
                forbidden, _ = run.recheck.forbidden(some, now=shop.now)
            assert forbidden == {}
            taken.append(len(statements))

    for_rules = 1 if segments > 1 else 0
    assert taken == [3 + segments + for_rules, 3 + segments + for_rules]
