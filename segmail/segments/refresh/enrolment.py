"""For which customers a sequence starts, and why it does not start for others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select

from segmail.maho.counted_rows import uses_a_send
from segmail.maho.customer_conditions import (
    has_ordered_as_guest,
    has_ordered_logged_in,
    is_subscribed,
)
from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.db.moments import days_later
from segmail.maho.db.row_by_row import first_found, not_by_index
from segmail.maho.holdout import HELD_OUT, is_held_out, was_held_out
from segmail.maho.policies import OnReentry
from segmail.maho.progress import is_running
from segmail.maho.steps import Trigger
from segmail.segments.refresh.task import Movement, Task

ENROLLED = "enrolled"
IN_GROUP = "while another campaign of the group runs for them"
WAITING = "waiting for a word, being more than the limit"


def verdict(task: Task, movement: Movement) -> ColumnElement[str]:
    """Return `enrolled` or a reason for a row of `customer_entity`; '' if there are no steps.

    For customers who stay, a row of members is needed too.
    """
    if reason := _reason_for_all(task):
        return literal(reason)
    trigger = movement.trigger
    if not task.active_steps(trigger):
        return literal("")
    customer = task.tables.customer.c
    gone = or_(customer.entity_id.is_(None), customer.is_active != 1)
    reasons: list[tuple[ColumnElement[bool], str]] = [
        (gone, "whose account is inactive or gone"),
        (~is_subscribed(task.tables), "not subscribed"),
    ]
    if movement is Movement.STAY:
        reasons.append((_enrolled_since_entering(task), "who had it since they entered"))
        if task.candidate.policy.goal.is_order:
            reasons.append((_ordered_since_entering(task), "who have ordered since they entered"))
    reasons += _reasons_of_earlier_runs(task, movement)
    if percent := task.candidate.policy.holdout:
        held_out = is_held_out(customer.entity_id, task.candidate.id, percent)
        counted = _has_row(
            task, task.tables.progress.c.trigger_type == trigger.value, was_held_out(task.tables)
        )
        reasons.append((and_(held_out, counted), "held out before"))
        if task.passed is None:
            reasons.append((held_out, HELD_OUT))
    return case(*reasons, else_=ENROLLED if task.passed is None else WAITING)


def _reason_for_all(task: Task) -> str:
    if not task.steps:
        return ""
    if not task.candidate.segment.automation_active:
        return "while the automation is off"
    return "" if task.enrol else "because of --no-enrol"


def _reasons_of_earlier_runs(
    task: Task, movement: Movement
) -> Iterator[tuple[ColumnElement[bool], str]]:
    trigger, reentry = movement.trigger, task.candidate.policy.on_reentry
    if reentry.after_days:
        told = f"whose last run began less than {reentry.after_days} days ago"
        yield _began_lately(task, movement, reentry.after_days), told
    if not task.candidate.segment.allows_overlap and not task.replaces_runs(movement):
        yield _has_pending_rows(task, trigger), "with steps still scheduled"
    if task.stronger:
        running = is_running(task.tables, task.repeating)
        yield _has_rows_of(task, task.stronger, running), IN_GROUP
    if reentry == OnReentry.NEVER:
        yield _was_enrolled(task, trigger), "who had this sequence before"
    if not reentry.is_each_entry:
        yield _has_used_up(task, trigger), "who had all sends of a step before"


def _has_pending_rows(task: Task, trigger: Trigger) -> ColumnElement[bool]:
    """Return rows of the same trigger; those of the other end by themselves, or may go on."""
    row = task.tables.progress.c
    running = is_running(task.tables, task.own_repeating)
    return _has_row(task, running, row.trigger_type == trigger.value)


def _was_enrolled(task: Task, trigger: Trigger) -> ColumnElement[bool]:
    return _has_row(task, task.tables.progress.c.trigger_type == trigger.value)


def _began_lately(task: Task, movement: Movement, days: int) -> ColumnElement[bool]:
    """Return whether a run began less than `days` before this refresh, or before the entry."""
    row, since = task.tables.progress.c, literal(task.now - timedelta(days), UtcDateTime())
    lately = row.created_at > since
    if movement is Movement.STAY:
        entered = task.tables.member.c.added_at
        lately = or_(lately, days_later(row.created_at, literal(days)) > entered)
    return _has_row(task, row.trigger_type == movement.trigger.value, lately)


def _has_used_up(task: Task, trigger: Trigger) -> ColumnElement[bool]:
    """Return whether an active step was sent as often as its `max_sends` allows.

    Nobody is sent the rest of a sequence without it. A mail that may have arrived counts as sent.
    """
    row = task.tables.progress.c
    steps = [step for step in task.active_steps(trigger) if step.most_sends]
    once = [step.sequence_id for step in steps if step.most_sends == 1]
    found = (
        [
            _has_row(
                task,
                not_by_index(row.sequence_id).in_(once),
                uses_a_send(task.tables, task.tables.progress),
            )
        ]
        if once
        else []
    )
    for step in steps:
        if step.most_sends > 1:
            sent = select(func.count()).where(
                *_of_customer(task),
                not_by_index(row.sequence_id) == step.sequence_id,
                uses_a_send(task.tables, task.tables.progress),
            )
            found.append(sent.correlate(task.tables.customer).scalar_subquery() >= step.most_sends)
    return or_(false(), *found)


def _enrolled_since_entering(task: Task) -> ColumnElement[bool]:
    """Return whether the sequence began after the entry, or was still under way then."""
    row, added_at = task.tables.progress.c, task.tables.member.c.added_at
    since = or_(row.created_at >= added_at, row.scheduled_at >= added_at, row.sent_at >= added_at)
    return _has_row(task, row.trigger_type == Trigger.ENTER.value, since)


def _ordered_since_entering(task: Task) -> ColumnElement[bool]:
    tables, member = task.tables, task.tables.member
    over = task.candidate.policy.goal.over
    of = (tables, member.c.customer_id, member.c.added_at, member, over)
    return or_(has_ordered_logged_in(*of), has_ordered_as_guest(*of))


def rival_ran_since_entering(task: Task) -> ColumnElement[bool]:
    """Return whether a stronger campaign of the group ran for the member after they entered."""
    row, added_at = task.tables.progress.c, task.tables.member.c.added_at
    since = or_(row.created_at >= added_at, row.scheduled_at >= added_at, row.sent_at >= added_at)
    return _has_rows_of(task, task.stronger, since)


def _has_rows_of(
    task: Task, segment_ids: Sequence[int], *conditions: ColumnElement[Any]
) -> ColumnElement[bool]:
    row = task.tables.progress.c
    found = first_found(
        row.customer_id == task.tables.customer.c.entity_id,
        not_by_index(row.segment_id).in_(segment_ids),
        *conditions,
    )
    return found.correlate(task.tables.customer, task.tables.member).is_not(None)


def _has_row(task: Task, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
    found = first_found(*_of_customer(task), *conditions)
    return found.correlate(task.tables.customer, task.tables.member).is_not(None)


def _of_customer(task: Task) -> tuple[ColumnElement[bool], ...]:
    row = task.tables.progress.c
    of_segment = (
        row.customer_id == task.tables.customer.c.entity_id,
        not_by_index(row.segment_id) == task.candidate.id,
    )
    if not task.waiting:
        return of_segment
    # A row that only records that a sequence waits is none of its rows.
    return (*of_segment, or_(row.queue_id.is_(None), row.queue_id.not_in(task.waiting)))
