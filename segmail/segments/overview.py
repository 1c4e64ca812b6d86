"""Segments at a glance: their members, their automation, their progress rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from segmail.maho.lookup import find_segment
from segmail.maho.policies import Policy, load_policies
from segmail.maho.progress import (
    FINAL,
    ProgressStatus,
    along_pending,
    count_by_segment,
    count_due,
    has_long_history,
    is_pending_in,
)
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step, Trigger, load_segments, load_steps


@dataclass(frozen=True)
class SegmentSummary:
    """A segment, its automation, and its progress rows counted by status.

    `held` counts the pending rows that are due but not sent, because the automation, the segment or
    their step is switched off. `sent`, `failed` and `skipped` are None if they were not counted.
    """

    segment_id: int
    name: str
    is_active: bool
    automation: bool
    trigger: Trigger | None  # None if each step has its own
    allows_overlap: bool | None  # None in SPEC's layout
    policy: Policy
    members: int
    refreshed_at: datetime | None
    steps: int
    active_steps: int
    pending: int
    sent: int | None
    failed: int | None
    skipped: int | None
    held: int
    repeats: Mapping[str, str]  # sends by the trigger and number of the step


def list_segments(shop: Shop, *, now: datetime, totals: bool = False) -> list[SegmentSummary]:
    """Return every segment, ordered by id.

    Finished rows, which may be many, are counted only if `totals` are asked for.
    """
    with shop.read() as tx:
        segments = load_segments(tx)
        return _summarize(tx, segments, now=now, totals=totals or not has_long_history(tx))


def show_segment(shop: Shop, given: str, *, now: datetime, totals: bool = False) -> SegmentSummary:
    """Return the segment that `given` names; raise InputError if it does not exist."""
    with shop.read() as tx:
        segment = find_segment(tx, given)
        counted = totals or not has_long_history(tx)
        return _summarize(tx, [segment], now=now, totals=counted)[0]


def _summarize(
    tx: Transaction, segments: Sequence[Segment], *, now: datetime, totals: bool
) -> list[SegmentSummary]:
    """Return summaries in the order of `segments`, with five statements."""
    ids = [segment.segment_id for segment in segments]
    steps = load_steps(tx, segment_ids=ids)
    due = count_due(tx, ids, now=now)
    rows = count_by_segment(tx, ids) if totals else _waiting(tx, ids)
    membership = _membership(tx, ids)
    policies = load_policies(tx)
    return [
        _summary(
            segment,
            [step for step in steps if step.segment.segment_id == segment.segment_id],
            due,
            rows[segment.segment_id],
            membership[segment.segment_id],
            policies.get(segment.segment_id, Policy()),
        )
        for segment in segments
    ]


def _summary(
    segment: Segment,
    steps: Sequence[Step],
    due: Mapping[int, int],
    rows: Mapping[str, int | None],
    membership: tuple[int, datetime | None],
    policy: Policy,
) -> SegmentSummary:
    members, refreshed_at = membership
    idle = [step for step in steps if not (segment.sends and step.is_active)]
    return SegmentSummary(
        segment_id=segment.segment_id,
        name=segment.name,
        is_active=segment.is_active,
        automation=segment.automation_active,
        trigger=segment.trigger,
        allows_overlap=segment.allows_overlap,
        policy=policy,
        members=members,
        refreshed_at=refreshed_at,
        steps=len(steps),
        active_steps=sum(step.is_active for step in steps),
        pending=rows[ProgressStatus.SCHEDULED] or 0,
        **{status.value: rows[status] for status in FINAL},
        held=sum(due.get(step.sequence_id, 0) for step in idle),
        repeats={
            f"{step.trigger.value}:{step.step_number}": str(step.policy.repeat)
            for step in steps
            if step.policy.repeat
        },
    )


def _waiting(tx: Transaction, ids: Sequence[int]) -> Mapping[int, Mapping[str, int | None]]:
    c = tx.tables.progress.c
    waiting = select(c.segment_id, func.count()).where(is_pending_in(tx.tables, ids))
    query = along_pending(tx, waiting.group_by(c.segment_id))
    found = {row[0]: row[1] for row in tx.connection.execute(query)}
    others: dict[str, int | None] = {status.value: None for status in FINAL}
    return {id: {ProgressStatus.SCHEDULED: found.get(id, 0), **others} for id in ids}


def _membership(tx: Transaction, ids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """Return, by segment id, how many members it has, and when that was last determined."""
    s, m = tx.tables.segment.c, tx.tables.member.c
    members = select(func.count()).where(m.segment_id == s.segment_id).scalar_subquery()
    query = select(s.segment_id, members, s.last_refresh_at).where(s.segment_id.in_(ids))
    return {row[0]: (row[1], row[2]) for row in tx.connection.execute(query)}
