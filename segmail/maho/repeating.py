"""What follows a row of a step that repeats, in the transaction that settles it.

A run of a sequence is the rows of one customer, segment and trigger with the same `created_at`; the
next row gets that of its run. Only one row of a run waits, and a row newer than the settled one
means that somebody has already made it: so nothing is repeated twice, whoever settles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, exists, or_, select

from segmail.maho.config.time_zones import load_website_zones
from segmail.maho.counted_rows import uses_a_send
from segmail.maho.customer_conditions import UNSUBSCRIBED, is_subscribed
from segmail.maho.db.locking import locking
from segmail.maho.db.row_by_row import first_found, not_by_index
from segmail.maho.db.value_lists import among
from segmail.maho.policies import load_policies
from segmail.maho.progress import (
    FINAL,
    NextRow,
    ProgressStatus,
    has_status,
    schedule_next,
)
from segmail.maho.reasons import ended_for
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, Trigger

_FINAL = frozenset(status.value for status in FINAL)


def continue_repeats(tx: Transaction, settled: Mapping[int, Step], *, now: datetime) -> int:
    """Schedule what follows rows that were just settled; return how many rows were made.

    `settled` are their steps by progress id; steps that do not repeat cost nothing, the others five
    statements. Dates are counted from the run's first one, in the time zone of the customer's
    website; the first date later than `now` is taken.
    """
    repeating = {id: step for id, step in settled.items() if step.policy.repeat is not None}
    if not repeating:
        return 0
    rows = _of_same_step(tx, repeating)
    by_run: set[int] = set()
    if any(step.most_sends for step in repeating.values()):
        found = load_policies(tx).items()
        by_run = {id for id, policy in found if policy.on_reentry.is_each_entry}
    zones = load_website_zones(tx)
    following = [
        row
        for id, step in repeating.items()
        if (row := _next(id, step, rows[id], by_run, zones, now)) is not None
    ]
    if following:
        schedule_next(tx, following)
    return len(following)


def broken_off(tables: Tables, steps: Sequence[Step]) -> Select[Any]:
    """Return the query of rows whose repeats were ended by unsubscribing, if subscribed again.

    When a customer unsubscribes, Maho itself skips the waiting rows, without a reason, or the next
    refresh does so. Customers who stayed in the segment all the time go on.
    """
    row, newer, member = tables.progress, tables.progress.alias("newer"), tables.member.c
    is_newest = (
        first_found(
            newer.c.customer_id == row.c.customer_id,
            not_by_index(newer.c.sequence_id) == row.c.sequence_id,
            newer.c.progress_id > row.c.progress_id,
        )
        .correlate(row)
        .is_(None)
    )
    is_here = exists().where(
        member.customer_id == row.c.customer_id,
        member.segment_id == row.c.segment_id,
        member.added_at <= row.c.created_at,
    )
    customer = exists().where(
        tables.customer.c.entity_id == row.c.customer_id, is_subscribed(tables)
    )
    return select(row.c.progress_id, row.c.sequence_id).where(
        row.c.segment_id.in_({step.segment.segment_id for step in steps}),
        row.c.trigger_type == Trigger.ENTER.value,
        has_status(tables, ProgressStatus.SKIPPED),
        or_(row.c.queue_id.is_(None), ended_for(tables, UNSUBSCRIBED)),
        row.c.sequence_id.in_([step.sequence_id for step in steps]),
        is_newest,
        is_here,
        customer,
    )


def mend_broken_off(tx: Transaction, found: Mapping[int, Step], *, now: datetime) -> int:
    """Continue the repeats that `broken_off` has found; return how many."""
    row = tx.tables.progress
    query = select(row.c.progress_id).where(
        among(row.c.progress_id, found), has_status(tx.tables, ProgressStatus.SKIPPED)
    )
    locked = set(tx.connection.scalars(locking(query, row)))
    return continue_repeats(tx, {id: step for id, step in found.items() if id in locked}, now=now)


def _of_same_step(tx: Transaction, ids: Collection[int]) -> Mapping[int, Sequence[Row[Any]]]:
    """Return, for each row, all rows of its customer and step, its own included."""
    own, row, customer = tx.tables.progress.alias("own"), tx.tables.progress, tx.tables.customer.c
    query = (
        select(
            own.c.progress_id.label("settled_id"),
            row.c.progress_id,
            row.c.customer_id,
            row.c.trigger_type,
            row.c.created_at,
            row.c.scheduled_at,
            row.c.status,
            uses_a_send(tx.tables, row).label("counts"),
            customer.website_id,
        )
        .join_from(
            own,
            row,
            and_(
                row.c.customer_id == own.c.customer_id,
                not_by_index(row.c.sequence_id) == own.c.sequence_id,
            ),
        )
        .join(tx.tables.customer, customer.entity_id == row.c.customer_id)
        .where(among(own.c.progress_id, ids))
    )
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for one in tx.connection.execute(query):
        found[one.settled_id].append(one)
    return found


def _next(
    progress_id: int,
    step: Step,
    rows: Sequence[Row[Any]],
    by_run: Collection[int],
    zones: Mapping[int, str],
    now: datetime,
) -> NextRow | None:
    own = next((row for row in rows if row.progress_id == progress_id), None)
    repeat = step.policy.repeat
    if own is None or repeat is None or own.status not in _FINAL or own.created_at is None:
        return None
    run = [row for row in rows if row.created_at == own.created_at]
    if any(row.progress_id > progress_id for row in run):
        return None
    counted = run if step.segment.segment_id in by_run else rows
    if step.most_sends and sum(bool(row.counts) for row in counted) >= step.most_sends:
        return None
    try:
        first = step.first_at(own.created_at)
        after = max(now, own.scheduled_at or now)
        date = repeat.next_after(first, after, ZoneInfo(zones.get(own.website_id, "UTC")))
    except OverflowError:  # a run past the calendar's last year
        return None
    if date is None:
        return None
    return NextRow(own.customer_id, step, own.trigger_type, own.created_at, date)
