"""Counts what happened in a window of time, with five statements whatever the number of rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from segmail.coupons import AUTO_GENERATED, made_by_automation, prefixes_by_rule
from segmail.maho.problems import was_interrupted
from segmail.maho.progress import ProgressStatus, has_status, is_pending
from segmail.maho.reasons import attempt_ended_at
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.report.activity import Activity, Counts, SegmentActivity, StepActivity, add_up
from segmail.report.window import Window

_OVERDUE = timedelta(hours=1)


def collect_activity(shop: Shop, window: Window, *, now: datetime) -> Activity:
    """Return what the automation did in `window` and what is scheduled at `now`.

    A row counts when it happened: sent by `sent_at`, failed and skipped by the end of its attempt
    (`newsletter_queue.queue_finish_at`), or, where none was made, by the time it was due. (Maho
    counts by the row's creation, so a step that waits longer than a day is in none of its
    reports.)
    """
    with shop.database.read() as connection:
        steps = load_steps(connection, shop.tables)
        numbers = _count_rows(connection, shop.tables, window, now)
        generated, used = _count_coupons(connection, shop.tables, steps, window)
    segments = tuple(
        _segment([StepActivity(step, _counts(step, numbers)) for step in group])
        for _id, group in groupby(steps, key=lambda step: step.segment.segment_id)
    )
    total = add_up(segment.counts for segment in segments)
    return Activity(window, total, generated, used, segments)


def _segment(steps: list[StepActivity]) -> SegmentActivity:
    return SegmentActivity(
        steps[0].step.segment, add_up(step.counts for step in steps), tuple(steps)
    )


def _counts(step: Step, numbers: Mapping[int, Counter[str]]) -> Counts:
    """Return a step's counts; what is due in a segment that is switched off is held, not late."""
    found, sends = numbers[step.sequence_id], step.segment.sends
    return Counts(
        sent=found[ProgressStatus.SENT],
        failed=found[ProgressStatus.FAILED],
        interrupted=found["interrupted"],
        skipped=found[ProgressStatus.SKIPPED],
        scheduled=found[ProgressStatus.SCHEDULED],
        held=0 if sends else found["due"],
        overdue=found["overdue"] if sends else 0,
    )


def _count_rows(
    connection: Connection, tables: Tables, window: Window, now: datetime
) -> Mapping[int, Counter[str]]:
    """Return numbers of rows by sequence id and name."""
    numbers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for query in (_waiting_and_sent(tables, window, now), _ended(tables, window)):
        for row in connection.execute(query).mappings():
            named = {name: int(number) for name, number in row.items()}
            numbers[named.pop("sequence_id")].update(named)
    return numbers


def _waiting_and_sent(tables: Tables, window: Window, now: datetime) -> Select[Any]:
    c = tables.progress.c
    waits = is_pending(tables)
    sent = and_(has_status(tables, ProgressStatus.SENT), _inside(c.sent_at, window))
    return (
        select(
            c.sequence_id,
            _number(sent).label(ProgressStatus.SENT.value),
            _number(waits).label(ProgressStatus.SCHEDULED.value),
            _number(and_(waits, c.scheduled_at <= now)).label("due"),
            _number(and_(waits, c.scheduled_at <= now - _OVERDUE)).label("overdue"),
        )
        .where(or_(waits, sent))
        .group_by(c.sequence_id)
    )


def _ended(tables: Tables, window: Window) -> Select[Any]:
    c, queue = tables.progress.c, tables.queue
    failed = has_status(tables, ProgressStatus.FAILED)
    skipped = has_status(tables, ProgressStatus.SKIPPED)
    when = func.coalesce(attempt_ended_at(tables), c.scheduled_at, c.created_at)
    return (
        select(
            c.sequence_id,
            _number(failed).label(ProgressStatus.FAILED.value),
            _number(and_(failed, was_interrupted(tables, c.queue_id))).label("interrupted"),
            _number(skipped).label(ProgressStatus.SKIPPED.value),
        )
        .join_from(tables.progress, queue, queue.c.queue_id == c.queue_id, isouter=True)
        .where(
            has_status(tables, ProgressStatus.FAILED, ProgressStatus.SKIPPED), _inside(when, window)
        )
        .group_by(c.sequence_id)
    )


def _number(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _inside(time: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    return and_(time >= window.since, time < window.until)


def _count_coupons(
    connection: Connection, tables: Tables, steps: list[Step], window: Window
) -> tuple[int, int]:
    """Return how many of the automation's coupons were generated, and used of these."""
    prefixes = prefixes_by_rule(connection, tables, steps)
    c = tables.coupon.c
    query = select(c.rule_id, c.code, c.times_used).where(
        c.rule_id.in_(prefixes), c.type == AUTO_GENERATED, _inside(c.created_at, window)
    )
    generated = used = 0
    for row in connection.execution_options(yield_per=1_000).execute(query):
        if any(made_by_automation(row.code or "", prefix) for prefix in prefixes[row.rule_id]):
            generated += 1
            used += row.times_used > 0
    return generated, used
