"""Writes what a refresh found, inside the caller's transaction: members, stopped rows, new rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy import literal as plain_literal

from segmail.maho.customer_conditions import (
    BEGUN_ANEW,
    LEFT,
    RETURNED,
    RIVAL_BEGUN,
    has_ordered_logged_in,
    rows_of_guest_orders,
)
from segmail.maho.db.moments import as_stored
from segmail.maho.holdout import HELD_OUT
from segmail.maho.policies import Goal, save_enrols_since
from segmail.maho.progress import (
    enrol,
    enrol_without_mail,
    forget_skipped,
    is_pending_in,
    is_running,
    stop,
)
from segmail.maho.reasons import find_reasons
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Trigger
from segmail.segments.goals import goal_reason, rows_with_coupons
from segmail.segments.refresh.baseline import Baseline, save_baseline
from segmail.segments.refresh.changes import Changes
from segmail.segments.refresh.enrolment import ENROLLED, WAITING
from segmail.segments.refresh.task import WAITS_FOR_A_WORD, Movement, Task
from segmail.segments.refresh.temporary_tables import CHUNK

_BATCH = 1_000


def stop_by_goal(tx: Transaction, task: Task, *, now: datetime) -> int:
    """Skip the pending rows of customers who reached the segment's goal; return how many."""
    goal, row = task.candidate.policy.goal, task.tables.progress
    pending, reason = is_pending_in(task.tables, [task.candidate.id]), goal_reason(goal)
    if goal == Goal.COUPON:
        return _stop_rows(
            tx, list(rows_with_coupons(tx, pending, [task.candidate.id], task.steps)), reason, now
        )
    if not goal.is_order:
        return 0
    of = (task.tables, row.c.customer_id, row.c.created_at, row, goal.over)
    stopped = stop(tx, and_(pending, has_ordered_logged_in(*of)), reason=reason, now=now)
    oldest = tx.connection.scalar(select(func.min(row.c.created_at)).where(pending))
    if oldest is not None:
        found = rows_of_guest_orders(task.tables, pending, since=oldest, over=goal.over)
        stopped += _stop_rows(tx, tx.connection.scalars(found).all(), reason, now)
    return stopped


def _stop_rows(tx: Transaction, ids: Sequence[int], reason: str, now: datetime) -> int:
    row, stopped = tx.tables.progress.c, 0
    for start in range(0, len(ids), _BATCH):
        which = row.progress_id.in_(ids[start : start + _BATCH])
        stopped += stop(tx, which, reason=reason, now=now)
    return stopped


def write_changes(tx: Transaction, task: Task, changes: Changes, *, now: datetime) -> int:
    """Let the customers in CHUNK enter and leave, and schedule the steps that this starts.

    `changes` are their numbers. Returns how many scheduled steps were stopped.
    """
    stopped = 0
    if changes.of(Movement.EXIT):
        stopped += _stop_who_leave(tx, task, now=now)
        _remove_members(tx.connection, task)
    if changes.of(Movement.ENTER):
        stopped += stop(tx, _of_returners(task), reason=RETURNED, now=now)
        _add_members(tx.connection, task, now=now)
    if changes.enrolled:
        stopped += _stop_former_runs(tx, task, now=now)
        if task.rivals:
            rivals = _of_rivals(task)
            stopped += stop(tx, rivals, reason=RIVAL_BEGUN, now=now)
        _enrol(tx, task, now=now)
        if task.waiting:
            forget_skipped(tx, task.waiting, _of_chunk([Movement.GONE], ENROLLED))
    for verdict, movements, reason in (
        (HELD_OUT, list(Movement), HELD_OUT),
        (WAITING, [Movement.EXIT], WAITS_FOR_A_WORD),
    ):
        if any(changes.verdicts[movement, verdict] for movement in movements):
            _enrol_without_mail(tx, task, verdict, movements, reason, now=now)
    return stopped


def count_stops(connection: Connection, task: Task) -> int:
    """Return how many scheduled steps `write_changes` would stop."""
    stopping = [_of_returners(task), *_of_former_runs(task)]
    if task.rivals:
        stopping.append(_of_rivals(task))
    if task.candidate.policy.stops_on_exit or task.own_repeating:
        stopping.append(_of_leavers(task))
    queries = [
        select(func.count()).select_from(task.tables.progress.join(CHUNK, which))
        for which in stopping
    ]
    return sum(int(connection.scalar(query) or 0) for query in queries)


def remember_enrolling(tx: Transaction, task: Task, *, now: datetime) -> None:
    """Store since when customers who enter this segment are enrolled, to recognise late ones.

    Customers whom a refresh takes in without a mail on purpose (`--no-enrol`) never count as late.
    """
    since = task.enrols_since
    if task.enrols:
        since = since or now
    elif task.candidate.segment.automation_active and not task.enrol:
        # After the rows of customers who enter now, because it is found by what these rows say.
        added_at = as_stored(tx.connection, tx.tables.member.c.added_at, now)
        since = added_at + timedelta(seconds=1)
    else:
        since = None
    if since != task.enrols_since:
        save_enrols_since(tx, task.candidate.id, since)


def complete(
    tx: Transaction, task: Task, members: int, baseline: Baseline | None, *, now: datetime
) -> None:
    """Write the segment's counters, and the baseline for the next refresh.

    `now` is when the refresh began.

    Maho writes the time of the end instead, so that its daily refresh finds yesterday's too young.
    """
    segment = task.tables.segment
    if baseline is not None:
        save_baseline(tx, task.candidate.id, baseline)
    tx.connection.execute(
        update(segment)
        .where(segment.c.segment_id == task.candidate.id)
        .values(
            refresh_status="completed",
            matched_customers_count=members,
            last_refresh_at=now,
            updated_at=now,
        )
    )


def _stop_who_leave(tx: Transaction, task: Task, *, now: datetime) -> int:
    """Skip the pending enter rows of customers who leave, unless the policy lets them go on.

    Leaving ends repeating steps in any case.

    A row whose mail is on its way becomes `sent` all the same: delivery settles it.
    """
    if not task.candidate.policy.stops_on_exit and not task.own_repeating:
        return 0
    return stop(tx, _of_leavers(task), reason=LEFT, now=now)


def _of_leavers(task: Task) -> ColumnElement[bool]:
    """Return the leavers' pending rows; if the policy lets them go on, only repeating steps.

    It is a join, not a subquery: MySQL then begins with those who leave, and locks no other rows.
    """
    ended = task.tables.progress.c.sequence_id.in_(task.own_repeating)
    return and_(
        true() if task.candidate.policy.stops_on_exit else ended,
        is_pending_in(task.tables, [task.candidate.id], [Trigger.ENTER.value]),
        task.tables.progress.c.customer_id == CHUNK.c.customer_id,
        CHUNK.c.direction == Movement.EXIT.value,
    )


def _of_returners(task: Task) -> ColumnElement[bool]:
    """Return the pending exit rows of customers who enter: they are back; say no good-bye."""
    return and_(
        is_pending_in(task.tables, [task.candidate.id], [Trigger.EXIT.value]),
        task.tables.progress.c.customer_id == CHUNK.c.customer_id,
        CHUNK.c.direction == Movement.ENTER.value,
    )


def _stop_former_runs(tx: Transaction, task: Task, *, now: datetime) -> int:
    """Skip what is left of earlier runs of customers for whom a new run replaces them."""
    return sum(stop(tx, which, reason=BEGUN_ANEW, now=now) for which in _of_former_runs(task))


def _of_former_runs(task: Task) -> list[ColumnElement[bool]]:
    return [
        and_(
            is_pending_in(task.tables, [task.candidate.id], [movement.trigger.value]),
            task.tables.progress.c.customer_id == CHUNK.c.customer_id,
            CHUNK.c.direction == movement.value,
            CHUNK.c.verdict == ENROLLED,
        )
        for movement in Movement
        if task.replaces_runs(movement)
    ]


def _of_rivals(task: Task) -> ColumnElement[bool]:
    """Return what is left of weaker or held campaigns of the group for those who begin this one.

    A row that is only due to be repeated some day is not under way.
    """
    return and_(
        is_pending_in(task.tables, [one.id for one in task.rivals]),
        is_running(task.tables, task.repeating),
        task.tables.progress.c.customer_id == CHUNK.c.customer_id,
        CHUNK.c.verdict == ENROLLED,
    )


def _remove_members(connection: Connection, task: Task) -> None:
    member, leaving = task.tables.member, CHUNK.c.direction == Movement.EXIT.value
    here = member.c.segment_id == task.candidate.id
    if connection.dialect.name == "sqlite":  # SQLite has no DELETE with a join
        left: ColumnElement[bool] = member.c.customer_id.in_(
            select(CHUNK.c.customer_id).where(leaving)
        )
    else:
        left = and_(member.c.customer_id == CHUNK.c.customer_id, leaving)
    connection.execute(delete(member).where(here, left))


def _add_members(connection: Connection, task: Task, *, now: datetime) -> None:
    """Insert the customers who enter, as Maho writes members."""
    customer = task.tables.customer.c
    joiners = select(
        plain_literal(task.candidate.id),
        CHUNK.c.customer_id,
        func.coalesce(customer.website_id, _default_website(task.tables).scalar_subquery()),
        plain_literal(now, task.tables.member.c.added_at.type),
        plain_literal(now, task.tables.member.c.updated_at.type),
    ).join_from(CHUNK, task.tables.customer, customer.entity_id == CHUNK.c.customer_id)
    columns = ["segment_id", "customer_id", "website_id", "added_at", "updated_at"]
    entering = joiners.where(CHUNK.c.direction == Movement.ENTER.value)
    connection.execute(insert(task.tables.member).from_select(columns, entering))


def _enrol(tx: Transaction, task: Task, *, now: datetime) -> None:
    """Schedule every active step for the customers to be enrolled, with one statement per step.

    A delay counts from the enrolment, not from the step before it.
    """
    for step in task.steps:
        if not step.is_active:
            continue
        movements = [one for one in Movement if one.trigger is step.trigger]
        customers = _of_chunk(movements, ENROLLED)
        enrol(tx, step, customers, now=now, due_at=step.first_at(now))


def _of_chunk(movements: Collection[Movement], verdict: str) -> Select[tuple[int]]:
    return select(CHUNK.c.customer_id).where(
        CHUNK.c.direction.in_([one.value for one in movements]), CHUNK.c.verdict == verdict
    )


def _enrol_without_mail(
    tx: Transaction,
    task: Task,
    verdict: str,
    movements: Collection[Movement],
    reason: str,
    *,
    now: datetime,
) -> None:
    """Record why a sequence does not start for a customer: a skipped row of its first step."""
    for trigger in Trigger:
        steps = task.active_steps(trigger)
        moved = [movement for movement in movements if movement.trigger is trigger]
        if not steps or not moved:
            continue
        first = min(steps, key=lambda step: step.step_number)
        ending = first.sequence_id, reason
        ids = find_reasons(tx, [ending], now=now)
        customers = _of_chunk(moved, verdict)
        enrol_without_mail(tx, first, customers, now=now, queue_id=ids[ending])


def _default_website(tables: Tables) -> Select[Any]:
    c = tables.website.c
    return (
        select(c.website_id)
        .where(c.website_id > 0)
        .order_by(c.is_default.desc(), c.website_id)
        .limit(1)
    )
