"""Writes steps and their policies; every function runs inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from segmail.maho.customer_conditions import SWITCHED_OFF
from segmail.maho.db.insert import insert_rows
from segmail.maho.progress import is_of_step, stop
from segmail.maho.schema.tables import Layout, Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import forget_step_policies, save_step_policy
from segmail.maho.steps import Step, Trigger
from segmail.sequences.wanted_step import DEFAULT_EXPIRES_DAYS


def lock_segment(tx: Transaction, segment_id: int) -> None:
    """Make other writers of this segment's steps wait until the transaction ends."""
    c = tx.tables.segment.c
    tx.connection.execute(
        select(c.segment_id).where(c.segment_id == segment_id).with_for_update()
    ).first()


def insert_step(tx: Transaction, step: Step, *, now: datetime) -> int:
    """Insert a step and return its sequence id."""
    row = {**_values(tx.tables, step), "created_at": now, "updated_at": now}
    [sequence_id] = insert_rows(tx.connection, tx.tables.sequence, [row])
    save_step_policy(tx, sequence_id, step.policy)
    return sequence_id


def update_step(tx: Transaction, before: Step, after: Step, *, now: datetime) -> None:
    """Write only the columns and policies in which a stored step changes."""
    old = _values(tx.tables, before)
    changed = {
        name: value for name, value in _values(tx.tables, after).items() if value != old[name]
    }
    _update(tx, before.sequence_id, {**changed, "updated_at": now})
    save_step_policy(tx, before.sequence_id, after.policy, before.policy)


def set_active(tx: Transaction, sequence_id: int, *, active: bool, now: datetime) -> None:
    """Switch a step on or off; its rows are left alone."""
    _update(tx, sequence_id, {"is_active": int(active), "updated_at": now})


def delete_step(tx: Transaction, sequence_id: int) -> None:
    """Delete a step; the foreign key deletes its progress rows."""
    forget_step_policies(tx, [sequence_id])
    tx.connection.execute(
        delete(tx.tables.sequence).where(tx.tables.sequence.c.sequence_id == sequence_id)
    )


def skip_scheduled(tx: Transaction, sequence_id: int, *, now: datetime) -> int:
    """Skip a step's scheduled rows, and return how many there were.

    A row whose mail is on its way becomes `sent` all the same: delivery settles it by its queue id.
    """
    return stop(tx, is_of_step(tx.tables, sequence_id), reason=SWITCHED_OFF, now=now)


def set_automation(
    tx: Transaction,
    segment_id: int,
    *,
    active: bool,
    trigger: Trigger | None,
    now: datetime,
) -> None:
    """Switch a segment's automation; `trigger` is written in SPEC's layout only."""
    values: dict[str, Any] = {"auto_email_active": int(active), "updated_at": now}
    if tx.tables.layout is Layout.SPEC and trigger is not None:
        values["auto_email_trigger"] = trigger.value
    tx.connection.execute(
        update(tx.tables.segment).where(tx.tables.segment.c.segment_id == segment_id).values(values)
    )


def set_refresh_mode(tx: Transaction, segment_id: int, *, automatic: bool, now: datetime) -> None:
    """Let Maho's own refresh update the segment, or keep it from doing so."""
    mode = "auto" if automatic else "manual"
    tx.connection.execute(
        update(tx.tables.segment)
        .where(tx.tables.segment.c.segment_id == segment_id)
        .values(refresh_mode=mode, updated_at=now)
    )


def record_trigger(tx: Transaction, step: Step, *, now: datetime) -> None:
    """Give a segment without a trigger that of a step; its automation stays off.

    Only in SPEC's layout do segments have a trigger of their own.
    """
    segment = step.segment
    if tx.tables.layout is Layout.SPEC and segment.trigger is None:
        set_automation(tx, segment.segment_id, active=False, trigger=step.trigger, now=now)


def _update(tx: Transaction, sequence_id: int, values: dict[str, Any]) -> None:
    c = tx.tables.sequence.c
    tx.connection.execute(
        update(tx.tables.sequence).where(c.sequence_id == sequence_id).values(values)
    )


def _values(tables: Tables, step: Step) -> dict[str, Any]:
    values = {
        "segment_id": step.segment.segment_id,
        "template_id": step.template_id,
        "step_number": step.step_number,
        "delay_minutes": step.delay_minutes,
        "is_active": int(step.is_active),
        "max_sends": step.max_sends,
        "generate_coupon": int(step.generate_coupon),
        "coupon_sales_rule_id": step.rule_id,
        "coupon_prefix": step.coupon_prefix,
        "coupon_expires_days": (
            DEFAULT_EXPIRES_DAYS if step.coupon_expires_days is None else step.coupon_expires_days
        ),
    }
    if tables.layout is Layout.SHIPPED:
        values["trigger_event"] = step.trigger.value
    return values
