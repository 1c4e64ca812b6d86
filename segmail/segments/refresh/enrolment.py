"""For whom a sequence starts, and why for others it does not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, exists, literal, or_

from segmail.maho.customer_conditions import is_subscribed
from segmail.maho.policies import OnReentry
from segmail.maho.progress import TRIGGERS, is_pending
from segmail.maho.steps import Trigger
from segmail.segments.refresh.task import Task

ENROLLED = "enrolled"


def verdict(task: Task, direction: Trigger) -> ColumnElement[str]:
    """Return `enrolled` or a reason, of a row of `customer_entity`; '' where there are no steps."""
    if reason := _reason_for_all(task):
        return literal(reason)
    if not any(step.is_active and step.trigger is direction for step in task.steps):
        return literal("")
    customer = task.tables.customer.c
    gone = or_(customer.entity_id.is_(None), customer.is_active != 1)
    reasons: list[tuple[ColumnElement[bool], str]] = [
        (gone, "whose account is inactive or gone"),
        (~is_subscribed(task.tables), "not subscribed"),
    ]
    if not task.candidate.segment.allows_overlap:
        reasons.append((_has_pending_rows(task, direction), "with steps still scheduled"))
    if task.candidate.policy.on_reentry is OnReentry.NEVER:
        reasons.append((_was_enrolled(task, direction), "who had this sequence before"))
    return case(*reasons, else_=ENROLLED)


def _reason_for_all(task: Task) -> str:
    if not task.steps:
        return ""
    if not task.candidate.segment.automation_active:
        return "while the automation is off"
    return "" if task.enrol else "because of --no-enrol"


def _has_pending_rows(task: Task, direction: Trigger) -> ColumnElement[bool]:
    """Rows that the exit itself stops are not in its way."""
    row = task.tables.progress.c
    left = list(TRIGGERS)
    if direction is Trigger.EXIT and task.candidate.policy.stops_on_exit:
        left = [Trigger.EXIT.value]
    return _has_row(task, is_pending(task.tables), row.trigger_type.in_(left))


def _was_enrolled(task: Task, direction: Trigger) -> ColumnElement[bool]:
    return _has_row(task, task.tables.progress.c.trigger_type == direction.value)


def _has_row(task: Task, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
    row, customer = task.tables.progress.c, task.tables.customer
    return (
        exists()
        .where(
            row.customer_id == customer.c.entity_id,
            row.segment_id == task.candidate.id,
            *conditions,
        )
        .correlate(customer)
    )
