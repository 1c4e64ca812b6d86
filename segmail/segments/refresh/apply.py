"""Writes what a refresh found: members, stopped rows, new rows; inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, update
from sqlalchemy import literal as plain_literal

from segmail.maho.policies import Goal
from segmail.maho.standing import has_ordered
from segmail.maho.steps import Step, Trigger
from segmail.maho.tables import Tables
from segmail.maho.types import UtcDateTime
from segmail.segments.refresh.candidates import Candidate
from segmail.segments.refresh.changes import ENROLLED
from segmail.segments.refresh.scratch import CHANGED

_TRIGGERS = [trigger.value for trigger in Trigger]


def stop_by_goal(connection: Connection, tables: Tables, candidate: Candidate) -> int:
    """Skip the pending rows of customers who reached the segment's goal; return how many."""
    if candidate.policy.goal is not Goal.ORDER:
        return 0
    return _skip(connection, tables, candidate, _TRIGGERS, has_ordered(tables))


def stop_who_leave(connection: Connection, tables: Tables, candidate: Candidate) -> int:
    """Skip the pending enter rows of those who leave, unless the policy lets them go on.

    A row whose mail is on its way becomes `sent` all the same: delivery settles it.
    """
    if not candidate.policy.stops_on_exit:
        return 0
    # A join, not a subquery: MySQL then begins with those who leave, and locks no other rows.
    leave = and_(
        tables.progress.c.customer_id == CHANGED.c.customer_id,
        CHANGED.c.direction == Trigger.EXIT.value,
    )
    return _skip(connection, tables, candidate, [Trigger.ENTER.value], leave)


def add_members(
    connection: Connection, tables: Tables, candidate: Candidate, *, now: datetime
) -> None:
    """Insert who enters, as Maho writes members."""
    customer = tables.customer.c
    joiners = select(
        plain_literal(candidate.id),
        CHANGED.c.customer_id,
        func.coalesce(customer.website_id, _default_website(tables).scalar_subquery()),
        _literal(now),
        _literal(now),
    ).join_from(CHANGED, tables.customer, customer.entity_id == CHANGED.c.customer_id)
    columns = ["segment_id", "customer_id", "website_id", "added_at", "updated_at"]
    entering = joiners.where(CHANGED.c.direction == Trigger.ENTER.value)
    connection.execute(insert(tables.member).from_select(columns, entering))


def remove_members(connection: Connection, tables: Tables, candidate: Candidate) -> None:
    """Delete who leaves."""
    member, leaving = tables.member.c, CHANGED.c.direction == Trigger.EXIT.value
    connection.execute(
        delete(tables.member).where(
            member.segment_id == candidate.id,
            member.customer_id.in_(select(CHANGED.c.customer_id).where(leaving)),
        )
    )


def enrol(connection: Connection, tables: Tables, steps: Sequence[Step], *, now: datetime) -> None:
    """Schedule every active step for those who are to be enrolled, one statement a step.

    A delay counts from the enrolment, not from the step before it.
    """
    for step in steps:
        if not step.is_active:
            continue
        people = select(
            CHANGED.c.customer_id,
            plain_literal(step.segment.segment_id),
            plain_literal(step.sequence_id),
            plain_literal(step.step_number),
            plain_literal(step.trigger.value),
            plain_literal("scheduled"),
            _literal(now),
            _literal(now + timedelta(minutes=step.delay_minutes)),
        ).where(CHANGED.c.direction == step.trigger.value, CHANGED.c.verdict == ENROLLED)
        connection.execute(insert(tables.progress).from_select(_PROGRESS, people))


_PROGRESS = [
    "customer_id",
    "segment_id",
    "sequence_id",
    "step_number",
    "trigger_type",
    "status",
    "created_at",
    "scheduled_at",
]


def complete(
    connection: Connection, tables: Tables, candidate: Candidate, members: int, *, now: datetime
) -> None:
    """Write the segment's counters; `now` is when the refresh began.

    Maho stamps the end instead, so that its daily refresh finds yesterday's too young (D1).
    """
    connection.execute(
        update(tables.segment)
        .where(tables.segment.c.segment_id == candidate.id)
        .values(
            refresh_status="completed",
            matched_customers_count=members,
            last_refresh_at=now,
            updated_at=now,
        )
    )


def _skip(
    connection: Connection,
    tables: Tables,
    candidate: Candidate,
    triggers: Sequence[str],
    condition: ColumnElement[bool],
) -> int:
    c = tables.progress.c
    result = connection.execute(
        update(tables.progress)
        .where(
            c.segment_id == candidate.id,
            c.trigger_type.in_(triggers),
            c.status == "scheduled",
            condition,
        )
        .values(status="skipped")
    )
    return result.rowcount


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
