"""The failed steps that a person may want to send after all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, join, or_, outerjoin, select

from segmail.history.arrived import with_used_coupons
from segmail.history.selection import HistoryScope
from segmail.maho.customer_conditions import SWITCHED_OFF
from segmail.maho.db.information_schema import index_columns
from segmail.maho.db.letter_case import lower_case
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.problems import INTERRUPTED, last_problem
from segmail.maho.progress import TRIGGERS, ProgressStatus, has_long_history, has_status
from segmail.maho.schema.tables import Layout, Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import tuned_index
from segmail.maho.steps import load_segment_ids
from segmail.mail.column_limits import as_written, storable_text

# An attempt in any other state may still be sent: by Maho's newsletter cron, or by its run.
_CLOSED = (QueueStatus.CANCEL, QueueStatus.SENT)


@dataclass(frozen=True)
class FailureFilter:
    """Which failed rows: every condition given must hold; without conditions, all failed rows.

    `since` and `until` (exclusive) are about when a row failed; `reason` is a part of the reason,
    ignoring case. `lateness` is the longest time after its due time at which a row may fail (None:
    no bound), used in a long history only. `limit` is how many are wanted.
    """

    scope: HistoryScope = field(default_factory=HistoryScope)
    progress_ids: Collection[int] = ()
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    lateness: timedelta | None = None
    limit: int | None = None


@dataclass(frozen=True)
class _Way:
    """How the failed rows are found, other than by the rows' segments, triggers and status.

    `due_since` is the earliest time at which they may have been due, with Maho's index on it.
    """

    by_problems: bool = False
    due_since: datetime | None = None
    due_index: str | None = None


@dataclass(frozen=True)
class Failure:
    """A failed row. `step` is `VIP:enter:2`; `reason` is None if none is stored.

    `notes` are what a person should know before it is sent again.
    """

    progress_id: int
    customer_id: int
    email: str | None
    step: str
    failed_at: datetime | None
    reason: str | None
    may_have_arrived: bool
    notes: tuple[str, ...]
    queue_id: int | None
    problem_id: int | None

    @property
    def key(self) -> tuple[object, ...]:
        """Identifies this failure, as distinct from a later failure of the same row."""
        return (self.progress_id, self.queue_id, self.problem_id, self.failed_at)


def load_failures(tx: Transaction, chosen: FailureFilter) -> list[Failure]:
    """Return the failed rows, by progress id; if there are more than the limit, some of them."""
    segments = None if chosen.progress_ids else load_segment_ids(tx)
    found = tx.connection.execute(_failures_query(tx.tables, segments, chosen, _way(tx, chosen)))
    rows = [row for row in found if row.account is not None and row.known_step is not None]
    rows.sort(key=lambda row: int(row.progress_id))
    asked = [row for row in rows if row.generate_coupon and row.queue_id and _is_unknown(row)]
    arrived = with_used_coupons(tx, asked)
    return [_failure(row, arrived=row.progress_id in arrived) for row in rows]


def _way(tx: Transaction, chosen: FailureFilter) -> _Way:
    """Return how to find the rows without reading every row that ever failed."""
    if chosen.progress_ids or chosen.scope.customer_id is not None:
        return _Way()
    if chosen.since is None:
        return _Way(by_problems=chosen.reason is not None)
    if chosen.lateness is None or not has_long_history(tx):
        return _Way()
    indexes = index_columns(tx.connection, tx.tables.progress.name)
    mahos = {columns: name for name, columns in indexes.items()}.get(("scheduled_at", "status"))
    index = tuned_index(indexes, "scheduled_at") or mahos
    return _Way(due_since=chosen.since - chosen.lateness, due_index=index)


def _failures_query(
    tables: Tables, segment_ids: Collection[int] | None, chosen: FailureFilter, way: _Way
) -> Select[Any]:
    """Return the query of the chosen failed rows of these segments whose attempts are closed.

    `segment_ids` help to find the failed rows; None if `chosen` names rows by their ids.

    The joins are outer ones, because a server that begins with the steps reads every row of theirs:
    `account` and `known_step` are NULL if the customer or the step is gone.
    """
    c, q, problem = tables.progress.c, tables.queue, tables.problem
    segment, sequence, member = tables.segment, tables.sequence, tables.member
    of_last_problem = and_(
        problem.c.queue_id == c.queue_id, problem.c.problem_id == last_problem(tables, c.queue_id)
    )
    query = (
        select(
            c.progress_id,
            c.customer_id,
            tables.customer.c.entity_id.label("account"),
            tables.customer.c.email,
            segment.c.name.label("segment"),
            c.trigger_type,
            c.step_number,
            _failed_at(tables).label("failed_at"),
            problem.c.problem_error_text.label("reason"),
            problem.c.problem_id,
            q.c.queue_id,
            sequence.c.sequence_id.label("known_step"),
            sequence.c.is_active.label("step_active"),
            sequence.c.generate_coupon,
            sequence.c.coupon_prefix,
            _sends(tables).label("sends"),
            member.c.customer_id.is_not(None).label("is_member"),
        )
        .select_from(
            join(problem, tables.progress, of_last_problem)
            if way.by_problems
            else outerjoin(tables.progress, problem, of_last_problem)
        )
        .outerjoin(tables.customer, tables.customer.c.entity_id == c.customer_id)
        .outerjoin(segment, segment.c.segment_id == c.segment_id)
        .outerjoin(sequence, sequence.c.sequence_id == c.sequence_id)
        .outerjoin(
            member,
            and_(member.c.segment_id == c.segment_id, member.c.customer_id == c.customer_id),
        )
        .outerjoin(q, q.c.queue_id == c.queue_id)
        .where(
            has_status(tables, ProgressStatus.FAILED),
            c.trigger_type.in_(TRIGGERS),
            *_conditions(tables, chosen),
            *([] if segment_ids is None else [c.segment_id.in_(segment_ids)]),
            or_(q.c.queue_id.is_(None), q.c.queue_status.in_(_CLOSED)),
        )
        .limit(chosen.limit)
    )
    if way.due_since is not None:
        query = query.where(or_(c.scheduled_at.is_(None), c.scheduled_at >= way.due_since))
    for dialect in ("mysql", "mariadb"):
        if way.by_problems:
            query = query.prefix_with("STRAIGHT_JOIN", dialect=dialect)
        elif way.due_index is not None:
            hint = f"FORCE INDEX ({way.due_index})"
            query = query.with_hint(tables.progress, hint, dialect)
    return query


def _conditions(tables: Tables, chosen: FailureFilter) -> Iterator[ColumnElement[bool]]:
    yield from chosen.scope.conditions(tables)
    if chosen.progress_ids:
        yield tables.progress.c.progress_id.in_(chosen.progress_ids)
    if chosen.reason is not None:
        # Without coalesce servers treat the join as an inner one, and may begin with every problem.
        text = func.lower(func.coalesce(tables.problem.c.problem_error_text, ""))
        yield text.contains(
            lower_case(storable_text(chosen.reason, four_bytes=False)), autoescape=True
        )
    if chosen.since is not None:
        yield _failed_at(tables) >= chosen.since
    if chosen.until is not None:
        yield _failed_at(tables) < chosen.until


def _failed_at(tables: Tables) -> ColumnElement[Any]:
    """Return when a row failed; without an attempt that tells, when it was due."""
    c = tables.progress.c
    return func.coalesce(tables.queue.c.queue_finish_at, c.scheduled_at, c.created_at)


def _sends(tables: Tables) -> ColumnElement[bool]:
    s = tables.segment.c
    on = and_(s.is_active == 1, s.auto_email_active == 1)
    return and_(on, s.auto_email_trigger != "none") if tables.layout is Layout.SPEC else on


def _is_unknown(row: Row[Any]) -> bool:
    return (row.reason or "").startswith(INTERRUPTED)


def _failure(row: Row[Any], *, arrived: bool) -> Failure:
    return Failure(
        progress_id=row.progress_id,
        customer_id=row.customer_id,
        email=row.email,
        step=f"{row.segment}:{row.trigger_type}:{row.step_number}",
        failed_at=row.failed_at,
        reason=None if row.reason is None else as_written(row.reason),
        may_have_arrived=_is_unknown(row),
        notes=tuple(_notes(row, arrived)),
        queue_id=row.queue_id,
        problem_id=row.problem_id,
    )


def _notes(row: Row[Any], arrived: bool) -> Iterator[str]:
    if arrived:
        yield "has arrived: its coupon was used"
    elif _is_unknown(row):
        yield "may have arrived"
    if row.trigger_type == "enter" and not row.is_member:
        yield "has left the segment"
    if not row.step_active:
        yield SWITCHED_OFF
    if not row.sends:
        yield "held: the segment is switched off"
