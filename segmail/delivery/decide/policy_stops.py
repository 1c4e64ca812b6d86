"""Which rows a segment's policies stop at the moment of sending."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from segmail.delivery.decide.shop_state import ShopState
from segmail.errors import ConditionError
from segmail.maho.customer_conditions import LEFT, NO_MATCH
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Trigger
from segmail.mail.due_row import DueRow
from segmail.segments.goals import reached_goals
from segmail.segments.matching_customers import ConditionsOfFew


def load_stopped(
    tx: Transaction,
    rows: Sequence[DueRow],
    state: ShopState,
    conditions: ConditionsOfFew,
    *,
    now: datetime,
) -> dict[int, str]:
    """Return, by progress id, why a row must not be sent.

    For enter steps of segments that stop on exit (the default), and for repeating steps, the
    segment's conditions are asked, with one statement per segment. If segmail does not refresh the
    segment, or cannot read its conditions, membership decides, with one statement for all. Goals
    are checked, too. Nothing is read if no segment of the rows needs it.
    """
    stopped: dict[int, str] = {}
    by_membership: list[DueRow] = []
    leaving: defaultdict[int, list[DueRow]] = defaultdict(list)
    for row in rows:
        segment_id = row.step.segment.segment_id
        stops = state.policy(segment_id).stops_on_exit or row.step.policy.repeat is not None
        if row.trigger_type == Trigger.ENTER and stops:
            leaving[segment_id].append(row)
    for segment_id, some in leaving.items():
        candidate = state.candidates.get(segment_id)
        if candidate is None or not candidate.is_refreshed:
            by_membership += some
            continue
        ids = {row.customer_id for row in some}
        try:
            matched = conditions.matched(tx, candidate, ids, now=now)
        except ConditionError:  # the refresh leaves its members as they are, and reports it
            by_membership += some
            continue
        stopped |= {row.progress_id: NO_MATCH for row in some if row.customer_id not in matched}
    goals = {id: state.policy(id).goal for id in {row.step.segment.segment_id for row in rows}}
    which = tx.tables.progress.c.progress_id.in_([row.progress_id for row in rows])
    reached = reached_goals(tx, which, goals, list(state.steps.values()))
    return {**stopped, **_left(tx, by_membership), **reached}


def _left(tx: Transaction, rows: Sequence[DueRow]) -> dict[int, str]:
    if not rows:
        return {}
    c = tx.tables.member.c
    query = select(c.segment_id, c.customer_id).where(
        c.segment_id.in_({row.step.segment.segment_id for row in rows}),
        c.customer_id.in_({row.customer_id for row in rows}),
    )
    members = {tuple(found) for found in tx.connection.execute(query)}
    return {
        row.progress_id: LEFT
        for row in rows
        if (row.step.segment.segment_id, row.customer_id) not in members
    }
