"""Finds customers who have reached a segment's goal since their sequence began."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, select

from segmail.maho.customer_conditions import ORDERED, ORDERED_WITH_COUPON, has_ordered
from segmail.maho.db.value_lists import among
from segmail.maho.policies import Goal
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step

_BATCH = 1_000


def goal_reason(goal: Goal) -> str:
    """Return the reason for ending a row whose customer has reached the goal."""
    if goal == Goal.COUPON:
        return ORDERED_WITH_COUPON
    return ORDERED if goal.over is None else f"{ORDERED}, for more than {goal.over}"


def reached_goals(
    tx: Transaction,
    which: ColumnElement[bool],
    goals: Mapping[int, Goal],
    steps: Sequence[Step],
) -> dict[int, str]:
    """Return the progress rows whose goals are reached, by id, with the reason.

    Only rows that satisfy `which` are considered. `goals` are by segment id, `steps` include at
    least those of the segments. Needs a statement for each sum and two for coupons; none without
    goals.
    """
    by_sum: defaultdict[Decimal | None, list[int]] = defaultdict(list)
    for segment_id, goal in goals.items():
        if goal.is_order:
            by_sum[goal.over].append(segment_id)
    c = tx.tables.progress.c
    found: dict[int, str] = {}
    for over, segment_ids in by_sum.items():
        query = select(c.progress_id).where(
            which, c.segment_id.in_(segment_ids), has_ordered(tx.tables, over)
        )
        reason = goal_reason(goals[segment_ids[0]])
        found |= dict.fromkeys(tx.connection.scalars(query), reason)
    with_coupon = [id for id, goal in goals.items() if goal == Goal.COUPON]
    return {**found, **rows_with_coupons(tx, which, with_coupon, steps)}


def rows_with_coupons(
    tx: Transaction, which: ColumnElement[bool], segment_ids: Sequence[int], steps: Sequence[Step]
) -> dict[int, str]:
    """Return the segments' rows whose customers ordered with a coupon of the sequence."""
    if not segment_ids:
        return {}
    c = tx.tables.progress.c
    here = and_(which, c.segment_id.in_(segment_ids))
    oldest = tx.connection.scalar(select(func.min(c.created_at)).where(here))
    if oldest is None:
        return {}
    making = [step for step in steps if step.segment.segment_id in segment_ids]
    from segmail.coupons import redeemed_since  # most goals are no coupons

    ordered = redeemed_since(tx, making, oldest)
    customers = sorted({customer_id for _, customer_id in ordered})
    found = {}
    for start in range(0, len(customers), _BATCH):
        query = select(c.progress_id, c.customer_id, c.segment_id, c.created_at).where(
            here, among(c.customer_id, customers[start : start + _BATCH])
        )
        for row in tx.connection.execute(query):
            at = ordered.get((row.segment_id, row.customer_id))
            if at is not None and row.created_at is not None and at >= row.created_at:
                found[row.progress_id] = ORDERED_WITH_COUPON
    return found
