"""Segments and the steps of their sequences, the same in both layouts."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, null, select

from segmail.maho.schema.tables import Layout, Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import NO_POLICY, StepPolicy, load_step_policies

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Trigger(enum.StrEnum):
    """What starts a sequence: a customer enters or leaves the segment."""

    ENTER = "enter"
    EXIT = "exit"


@dataclass(frozen=True)
class Segment:
    """A customer segment and the state of its automation.

    `trigger` is the segment's own in SPEC's layout, None in shipped Maho's, where each step has
    one; `allows_overlap` is None in SPEC's layout.
    """

    segment_id: int
    name: str
    is_active: bool
    automation_active: bool
    trigger: Trigger | None
    allows_overlap: bool | None

    @property
    def sends(self) -> bool:
        """Whether its steps are sent; if not, their due rows are held, not lost."""
        return self.is_active and self.automation_active


@dataclass(frozen=True)
class Step:
    """One step of a segment's sequence (`customer_segment_email_sequence`), with its policies."""

    sequence_id: int
    segment: Segment
    trigger: Trigger
    step_number: int
    template_id: int
    delay_minutes: int
    is_active: bool
    max_sends: int  # 0: no limit
    generate_coupon: bool
    rule_id: int | None
    coupon_prefix: str | None
    coupon_expires_days: int | None
    policy: StepPolicy = NO_POLICY

    @property
    def most_sends(self) -> int:
        """How often a customer may receive it; 0: no limit. A repeat has its own limit."""
        repeat = self.policy.repeat
        return self.max_sends if repeat is None else repeat.at_most or 0

    def first_at(self, began: datetime) -> datetime:
        """Return when it is sent, or first sent, in a run that `began` then; before 10000."""
        try:
            return began + timedelta(minutes=self.delay_minutes)
        except OverflowError:
            return _NEVER

    def planned_at(self, began: datetime, seen: datetime) -> datetime:
        """Return when a row of a run that `began` then was planned to be sent, as far as is known.

        For a repeat it is the last date until `seen`, a time that was in the row; for a run past
        the calendar's last year it is `seen` itself.
        """
        first, repeat = self.first_at(began), self.policy.repeat
        if repeat is None:
            return first
        try:
            return repeat.latest(first, seen + timedelta(days=1))
        except (OverflowError, ValueError):
            return seen


def load_segments(tx: Transaction, *, segment_ids: Collection[int] | None = None) -> list[Segment]:
    """Return the given segments (None: all), by id."""
    query = select(*_segment_columns(tx.tables)).order_by(tx.tables.segment.c.segment_id)
    if segment_ids is not None:
        query = query.where(tx.tables.segment.c.segment_id.in_(segment_ids))
    return [_segment(row) for row in tx.connection.execute(query)]


def load_segment_ids(tx: Transaction) -> list[int]:
    """Return the id of every segment; progress rows are found by the index that begins with it.

    The ids are bound as values: with a join or a subquery, servers read every progress row.
    """
    return list(tx.connection.scalars(select(tx.tables.segment.c.segment_id)))


def load_steps(
    tx: Transaction,
    *,
    segment_ids: Collection[int] | None = None,
    policies: Mapping[int, StepPolicy] | None = None,
) -> list[Step]:
    """Return the steps of the given segments (None: all) by segment, trigger and number.

    `policies` are the shop's, if already read. Raises ConfigError for invalid policies.
    """
    query = _steps_query(tx.tables)
    if segment_ids is not None:
        query = query.where(tx.tables.segment.c.segment_id.in_(segment_ids))
    rows = tx.connection.execute(query).all()
    policies = load_step_policies(tx) if policies is None else policies
    steps = [_step(row, policies.get(row.sequence_id, NO_POLICY)) for row in rows]
    return sorted(steps, key=lambda s: (s.segment.segment_id, s.trigger, s.step_number))


def _segment_columns(tables: Tables) -> list[ColumnElement[Any]]:
    c = tables.segment.c
    spec = tables.layout is Layout.SPEC
    return [
        c.segment_id,
        c.name,
        c.is_active,
        c.auto_email_active,
        (func.coalesce(c.auto_email_trigger, "none") if spec else null()).label("trigger"),
        (null() if spec else c.allow_overlapping_sequences).label("overlap"),
    ]


def _segment(row: Row[Any]) -> Segment:
    """Build a segment; in SPEC's layout the trigger `none` means switched off."""
    return Segment(
        segment_id=row.segment_id,
        name=row.name,
        is_active=bool(row.is_active),
        automation_active=bool(row.auto_email_active) and row.trigger != "none",
        trigger=Trigger(row.trigger) if row.trigger in ("enter", "exit") else None,
        allows_overlap=None if row.overlap is None else bool(row.overlap),
    )


def _step(row: Row[Any], policy: StepPolicy) -> Step:
    return Step(
        sequence_id=row.sequence_id,
        segment=_segment(row),
        trigger=Trigger.EXIT if row.step_trigger == "exit" else Trigger.ENTER,
        step_number=row.step_number,
        template_id=row.template_id,
        delay_minutes=row.delay_minutes,
        is_active=bool(row.step_active),
        max_sends=1 if row.max_sends is None else row.max_sends,
        generate_coupon=bool(row.generate_coupon),
        rule_id=row.coupon_sales_rule_id,
        coupon_prefix=row.coupon_prefix or None,
        coupon_expires_days=row.coupon_expires_days,
        policy=policy,
    )


def _steps_query(tables: Tables) -> Select[Any]:
    c = tables.sequence.c
    trigger = (
        tables.segment.c.auto_email_trigger if tables.layout is Layout.SPEC else c.trigger_event
    )
    return select(
        *_segment_columns(tables),
        c.sequence_id,
        trigger.label("step_trigger"),
        c.step_number,
        c.template_id,
        c.delay_minutes,
        c.is_active.label("step_active"),
        c.max_sends,
        c.generate_coupon,
        c.coupon_sales_rule_id,
        c.coupon_prefix,
        c.coupon_expires_days,
    ).join_from(tables.sequence, tables.segment, c.segment_id == tables.segment.c.segment_id)
