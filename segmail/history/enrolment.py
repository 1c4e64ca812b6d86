"""Why no step of a sequence is scheduled for a customer at present, whatever happened before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select

from segmail.errors import ConditionError
from segmail.maho.counted_rows import uses_a_send
from segmail.maho.customer_conditions import NO_MATCH
from segmail.maho.policies import Goal, OnReentry, Policy, load_policies
from segmail.maho.progress import is_running
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.step_policies import load_step_policies
from segmail.maho.steps import Segment, Step, Trigger, load_segments, load_steps
from segmail.segments.customer_match import match_customer
from segmail.segments.goals import reached_goals

_OUTSIDE = "the customer is not in the segment"
_SINCE_ENTERING = (
    "the customer has had the sequence since entering the segment, and would have to leave it and "
    "come back"
)
_USED_UP = "the customer has had all sends of one of the sequence's steps"
_NEVER = "the segment schedules its steps once for a customer, and has done so"


def kept_out(
    shop: Shop,
    steps: Sequence[Step],
    customer_id: int,
    member_of: Collection[int],
    *,
    now: datetime,
) -> dict[int, str]:
    """Return, by sequence id, why enter steps are not scheduled for a customer, if it can be told.

    `member_of` are the ids of the customer's segments. Takes a few statements, and one for the
    conditions of each segment that the customer is in.
    """
    entering = [step for step in steps if step.trigger is Trigger.ENTER]
    segments = {step.segment.segment_id: step.segment for step in entering}
    with shop.read() as tx:
        policies = load_policies(tx)
        ordered = _ordered(tx, customer_id, policies)
        earlier = _of_earlier_runs(tx, customer_id, policies)
        running = _running(tx, customer_id)
    reasons = {}
    for segment_id, segment in segments.items():
        policy = policies.get(segment_id, Policy())
        if segment_id not in member_of:
            reasons[segment_id] = _OUTSIDE
        elif segment_id in ordered:
            reasons[segment_id] = ordered[segment_id]
        elif rival := _rival(segment_id, policies, running):
            reasons[segment_id] = (
                f"another campaign of the group '{policy.group}' runs for the customer: "
                f"segment {rival}"
            )
        elif not _matches(shop, segment, customer_id, now=now):
            reasons[segment_id] = NO_MATCH
        elif segment_id in earlier:
            reasons[segment_id] = earlier[segment_id]
    return {
        step.sequence_id: reasons[step.segment.segment_id]
        for step in entering
        if step.segment.segment_id in reasons
    }


def _ordered(tx: Transaction, customer_id: int, policies: Mapping[int, Policy]) -> dict[int, str]:
    """Return the segments whose goal the customer has reached since a row of theirs was created."""
    goals = {id_: policy.goal for id_, policy in policies.items() if policy.goal != Goal.NONE}
    if not goals:
        return {}
    c = tx.tables.progress.c
    reached = reached_goals(tx, c.customer_id == customer_id, goals, load_steps(tx))
    query = select(c.progress_id, c.segment_id).where(c.customer_id == customer_id)
    return {row[1]: reached[row[0]] for row in tx.connection.execute(query) if row[0] in reached}


def _of_earlier_runs(
    tx: Transaction, customer_id: int, policies: Mapping[int, Policy]
) -> dict[int, str]:
    """Return the segments in which the customer's earlier rows keep the steps from coming again."""
    reasons = dict.fromkeys(_had_since_entering(tx, customer_id), _SINCE_ENTERING)
    for segment_id in _used_up(tx, customer_id):
        if not policies.get(segment_id, Policy()).on_reentry.is_each_entry:
            reasons[segment_id] = _USED_UP
    for segment_id in _had(tx, customer_id):
        if policies.get(segment_id, Policy()).on_reentry == OnReentry.NEVER:
            reasons[segment_id] = _NEVER
    return reasons


def _had(tx: Transaction, customer_id: int) -> set[int]:
    c = tx.tables.progress.c
    query = select(c.segment_id).where(
        c.customer_id == customer_id, c.trigger_type == Trigger.ENTER.value
    )
    return set(tx.connection.scalars(query))


def _had_since_entering(tx: Transaction, customer_id: int) -> set[int]:
    """Return the segments that have scheduled their steps for the customer's present stay."""
    c, member = tx.tables.progress.c, tx.tables.member.c
    entered = member.added_at
    query = (
        select(c.segment_id)
        .join_from(tx.tables.progress, tx.tables.member, member.segment_id == c.segment_id)
        .where(
            c.customer_id == customer_id,
            member.customer_id == customer_id,
            c.trigger_type == Trigger.ENTER.value,
            or_(c.created_at >= entered, c.scheduled_at >= entered, c.sent_at >= entered),
        )
    )
    return set(tx.connection.scalars(query))


def _used_up(tx: Transaction, customer_id: int) -> set[int]:
    """Return the segments of which an enter step was sent as often as it may be."""
    c = tx.tables.progress.c
    query = (
        select(c.sequence_id, func.count())
        .where(c.customer_id == customer_id, uses_a_send(tx.tables, tx.tables.progress))
        .group_by(c.sequence_id)
    )
    sent = {row[0]: row[1] for row in tx.connection.execute(query)}
    return {
        step.segment.segment_id
        for step in load_steps(tx)
        if step.is_active
        and step.trigger is Trigger.ENTER
        and step.most_sends
        and sent.get(step.sequence_id, 0) >= step.most_sends
    }


def _running(tx: Transaction, customer_id: int) -> set[int]:
    """Return the segments that send and have steps scheduled for the customer."""
    c, segments = tx.tables.progress.c, load_segments(tx)
    sending = [segment.segment_id for segment in segments if segment.sends]
    policies = load_step_policies(tx).items()
    repeating = [id for id, policy in policies if policy.repeat is not None]
    running = is_running(tx.tables, repeating)
    query = select(c.segment_id).where(c.customer_id == customer_id, running)
    return set(tx.connection.scalars(query)) & set(sending)


def _rival(segment_id: int, policies: Mapping[int, Policy], running: set[int]) -> int | None:
    """Return a campaign of the group that keeps the customer out of all others."""
    own = policies.get(segment_id, Policy())
    found = (
        id
        for id in sorted(running - {segment_id})
        if (policy := policies.get(id))
        and policy.shares_group(own)
        and policy.priority >= own.priority
    )
    return next(found, None)


def _matches(shop: Shop, segment: Segment, customer_id: int, *, now: datetime) -> bool:
    """Return whether the customer matches; unusable conditions leave members as they are."""
    c = shop.tables.segment.c
    with shop.database.read() as connection:
        stored = connection.scalar(
            select(c.conditions_serialized).where(c.segment_id == segment.segment_id)
        )
    if not stored:
        return True
    try:
        return match_customer(shop, str(segment.segment_id), str(customer_id), now=now).matches
    except ConditionError:
        return True
