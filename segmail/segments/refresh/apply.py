"""Writes what a refresh found: members, stopped rows, new rows; inside the caller's transaction."""

from __future__ import annotations

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
    update,
)
from sqlalchemy import literal as plain_literal

from segmail.maho.customer_conditions import LEFT, ORDERED, has_ordered
from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.policies import Goal
from segmail.maho.progress import enrol, is_pending_in, stop
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Trigger
from segmail.segments.refresh.changes import Changes
from segmail.segments.refresh.enrolment import ENROLLED
from segmail.segments.refresh.task import Task
from segmail.segments.refresh.temporary_tables import CHUNK


def stop_by_goal(connection: Connection, task: Task, *, now: datetime) -> int:
    """Skip the pending rows of customers who reached the segment's goal; return how many."""
    if task.candidate.policy.goal is not Goal.ORDER:
        return 0
    which = and_(is_pending_in(task.tables, [task.candidate.id]), has_ordered(task.tables))
    return stop(connection, task.tables, which, reason=ORDERED, now=now)


def write_changes(connection: Connection, task: Task, changes: Changes, *, now: datetime) -> int:
    """Let who is in CHUNK enter and leave, with the steps that this starts.

    `changes` are their numbers. Return how many scheduled steps were stopped.
    """
    stopped = 0
    if changes.of(Trigger.EXIT):
        stopped = _stop_who_leave(connection, task, now=now)
        _remove_members(connection, task)
    if changes.of(Trigger.ENTER):
        _add_members(connection, task, now=now)
    if changes.enrolled:
        _enrol(connection, task, now=now)
    return stopped


def count_stops(connection: Connection, task: Task) -> int:
    """Return how many scheduled steps `write_changes` would stop."""
    if not task.candidate.policy.stops_on_exit:
        return 0
    query = select(func.count()).select_from(task.tables.progress.join(CHUNK, _of_leavers(task)))
    return int(connection.scalar(query) or 0)


def complete(connection: Connection, task: Task, members: int, *, now: datetime) -> None:
    """Write the segment's counters; `now` is when the refresh began.

    Maho stamps the end instead, so that its daily refresh finds yesterday's too young (D1).
    """
    segment = task.tables.segment
    connection.execute(
        update(segment)
        .where(segment.c.segment_id == task.candidate.id)
        .values(
            refresh_status="completed",
            matched_customers_count=members,
            last_refresh_at=now,
            updated_at=now,
        )
    )


def _stop_who_leave(connection: Connection, task: Task, *, now: datetime) -> int:
    """Skip the pending enter rows of those who leave, unless the policy lets them go on.

    A row whose mail is on its way becomes `sent` all the same: delivery settles it.
    """
    if not task.candidate.policy.stops_on_exit:
        return 0
    return stop(connection, task.tables, _of_leavers(task), reason=LEFT, now=now)


def _of_leavers(task: Task) -> ColumnElement[bool]:
    """A join, not a subquery: MySQL then begins with those who leave, and locks no other rows."""
    return and_(
        is_pending_in(task.tables, [task.candidate.id], [Trigger.ENTER.value]),
        task.tables.progress.c.customer_id == CHUNK.c.customer_id,
        CHUNK.c.direction == Trigger.EXIT.value,
    )


def _remove_members(connection: Connection, task: Task) -> None:
    member, leaving = task.tables.member, CHUNK.c.direction == Trigger.EXIT.value
    here = member.c.segment_id == task.candidate.id
    if connection.dialect.name == "sqlite":  # which has no DELETE with a join
        left: ColumnElement[bool] = member.c.customer_id.in_(
            select(CHUNK.c.customer_id).where(leaving)
        )
    else:
        left = and_(member.c.customer_id == CHUNK.c.customer_id, leaving)
    connection.execute(delete(member).where(here, left))


def _add_members(connection: Connection, task: Task, *, now: datetime) -> None:
    """Insert who enters, as Maho writes members."""
    customer = task.tables.customer.c
    joiners = select(
        plain_literal(task.candidate.id),
        CHUNK.c.customer_id,
        func.coalesce(customer.website_id, _default_website(task.tables).scalar_subquery()),
        _literal(now),
        _literal(now),
    ).join_from(CHUNK, task.tables.customer, customer.entity_id == CHUNK.c.customer_id)
    columns = ["segment_id", "customer_id", "website_id", "added_at", "updated_at"]
    entering = joiners.where(CHUNK.c.direction == Trigger.ENTER.value)
    connection.execute(insert(task.tables.member).from_select(columns, entering))


def _enrol(connection: Connection, task: Task, *, now: datetime) -> None:
    """Schedule every active step for those who are to be enrolled, one statement a step.

    A delay counts from the enrolment, not from the step before it.
    """
    for step in task.steps:
        if not step.is_active:
            continue
        customers = select(CHUNK.c.customer_id).where(
            CHUNK.c.direction == step.trigger.value, CHUNK.c.verdict == ENROLLED
        )
        due_at = now + timedelta(minutes=step.delay_minutes)
        enrol(connection, task.tables, step, customers, now=now, due_at=due_at)


def _default_website(tables: Tables) -> Select[Any]:
    c = tables.website.c
    return (
        select(c.website_id)
        .where(c.website_id > 0)
        .order_by(c.is_default.desc(), c.website_id)
        .limit(1)
    )


def _literal(moment: datetime) -> ColumnElement[Any]:
    return plain_literal(moment, UtcDateTime())
