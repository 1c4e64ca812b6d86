"""Finds the newest rows of a history without reading the whole table.

A customer's rows are few, and so are rows that wait or failed, which an index finds by their
segment, trigger and status: they are sorted by when they happened. Interrupted rows are found by
what `newsletter_problem` says about them. Otherwise, and if too many failed, two of Maho's indexes
give the newest rows: the one on `queue_id` gives rows that were tried, in the order of their
attempts, and the one on `(scheduled_at, status)` gives rows that were due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, select

from segmail.history.selection import HistoryScope
from segmail.maho.db.information_schema import index_columns
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.problems import INTERRUPTED as INTERRUPTED_REASON
from segmail.maho.problems import last_problem, was_interrupted
from segmail.maho.progress import TRIGGERS, ProgressStatus, has_status, is_pending
from segmail.maho.reasons import attempt_ended_at, reason_ids
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import load_segment_ids

DEFERRED = "deferred"
INTERRUPTED = "interrupted"
STATUSES = (
    ProgressStatus.SCHEDULED.value,
    DEFERRED,
    ProgressStatus.SENT.value,
    ProgressStatus.SKIPPED.value,
    ProgressStatus.FAILED.value,
    INTERRUPTED,
)

_BY_STATUS = (ProgressStatus.SCHEDULED, DEFERRED, ProgressStatus.FAILED)
_FEW = 10_000  # failed rows that are sorted quickly

_LATEST = timedelta(days=1)  # pauses between two tries are shorter


@dataclass(frozen=True)
class HistoryFilter:
    """Which rows of the history; `status` is one of `STATUSES`, `until` is exclusive."""

    scope: HistoryScope = field(default_factory=HistoryScope)
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50


@dataclass(frozen=True)
class AccessPaths:
    """How to find rows without reading the whole table: segments' ids and names of indexes."""

    segments: Collection[int] | None = None  # None: not by segment, trigger and status
    by_status: str | None = None
    tried: str | None = None
    reasons: Collection[int] = ()  # the queue ids that are not attempts
    due: str | None = None


def find_access_paths(tx: Transaction, chosen: HistoryFilter) -> AccessPaths:
    """Return the access paths to what is chosen; one customer's rows need none.

    At most three statements.
    """
    if chosen.scope.customer_id is not None or chosen.status == INTERRUPTED:
        return AccessPaths()
    if chosen.status in _BY_STATUS:
        segments = load_segment_ids(tx)
        if chosen.status != ProgressStatus.FAILED or _has_few_failed(tx, chosen.scope, segments):
            by_status = _index_names(tx).get(("segment_id", "trigger_type", "status"))
            return AccessPaths(segments=segments, by_status=by_status)
    if tx.connection.dialect.name == "sqlite":
        return AccessPaths()
    names = _index_names(tx)
    return AccessPaths(
        tried=names.get(("queue_id",)),
        reasons=reason_ids(tx),
        due=names.get(("scheduled_at", "status")),
    )


def candidate_queries(
    tables: Tables, chosen: HistoryFilter, paths: AccessPaths, *, now: datetime, lateness: timedelta
) -> list[Select[Any]]:
    """Return the queries whose progress ids together contain the newest rows.

    A row happened when it was sent or last tried, else when it was or will be due: the tables know
    no more. A row sent more than `lateness` after it was due is not found by time.
    """
    c = tables.progress.c
    if chosen.status == INTERRUPTED and chosen.scope.customer_id is None:
        return [_newest_interrupted(tables, chosen)]
    base = _base(tables, chosen, paths)
    if chosen.scope.customer_id is not None or paths.segments is not None:
        base = base.where(*_in_time(tables, chosen, chosen.until))
        base = _along(base, tables, paths.by_status)
        return [_newest(base, chosen, happened_at(tables), c.progress_id)]
    if chosen.since is None and chosen.until is None:
        skipped = chosen.status == ProgressStatus.SKIPPED  # many are before they are due
        due = _along(base if skipped else base.where(c.scheduled_at <= now), tables, paths.due)
        attempts = base.where(c.queue_id.is_not(None))
        if paths.reasons:
            attempts = attempts.where(c.queue_id.not_in(paths.reasons))
        tried = _along(attempts, tables, paths.tried)
        newest_due = _newest(due, chosen, c.scheduled_at, c.status, c.progress_id)
        if skipped:  # few of these were tried
            return [newest_due]
        return [
            _newest(tried, chosen, c.queue_id, c.progress_id),
            newest_due,
        ]
    until = chosen.until or now + timedelta(seconds=1)
    base = base.where(*_in_time(tables, chosen, until), c.scheduled_at < until + _LATEST)
    if chosen.since is not None:
        base = base.where(c.scheduled_at >= chosen.since - lateness)
    base = _along(base, tables, paths.due)
    return [_newest(base, chosen, c.scheduled_at, c.status, c.progress_id)]


def happened_at(tables: Tables) -> ColumnElement[Any]:
    """Return when a row happened, as far as the tables tell."""
    c = tables.progress.c
    return func.coalesce(c.sent_at, attempt_ended_at(tables), c.scheduled_at, c.created_at)


def _index_names(tx: Transaction) -> dict[tuple[str, ...], str]:
    found = index_columns(tx.connection, tx.tables.progress.name)
    return {columns: name for name, columns in found.items()}


def _has_few_failed(tx: Transaction, scope: HistoryScope, segments: Collection[int]) -> bool:
    """Return whether the failed rows are few enough to be sorted; counting stops beyond that."""
    c = tx.tables.progress.c
    some = select(c.progress_id).where(
        c.segment_id.in_(segments),
        c.trigger_type.in_(TRIGGERS),
        has_status(tx.tables, ProgressStatus.FAILED),
        *scope.conditions(tx.tables),
    )
    counted = select(func.count()).select_from(some.limit(_FEW + 1).subquery())
    return (tx.connection.scalar(counted) or 0) <= _FEW


def _newest_interrupted(tables: Tables, chosen: HistoryFilter) -> Select[Any]:
    """Return a query that begins with the problems, newest first; they are few."""
    c, q, problem = tables.progress.c, tables.queue, tables.problem
    query = (
        select(c.progress_id)
        .select_from(problem)
        .join(tables.progress, c.queue_id == problem.c.queue_id)
        .outerjoin(q, q.c.queue_id == c.queue_id)
        .where(
            problem.c.problem_error_text.startswith(INTERRUPTED_REASON),
            problem.c.problem_id == last_problem(tables, c.queue_id),
            has_status(tables, ProgressStatus.FAILED),
            *chosen.scope.conditions(tables),
            *_in_time(tables, chosen, chosen.until),
        )
        .order_by(problem.c.problem_id.desc())
        .limit(chosen.limit)
    )
    for dialect in ("mysql", "mariadb"):
        query = query.prefix_with("STRAIGHT_JOIN", dialect=dialect)
    return query


def _base(tables: Tables, chosen: HistoryFilter, paths: AccessPaths) -> Select[Any]:
    c, q = tables.progress.c, tables.queue
    query = select(c.progress_id).join_from(
        tables.progress, q, q.c.queue_id == c.queue_id, isouter=True
    )
    if paths.segments is not None:
        query = query.where(c.segment_id.in_(paths.segments), c.trigger_type.in_(TRIGGERS))
    return query.where(*chosen.scope.conditions(tables), *_status(tables, chosen.status))


def _along(query: Select[Any], tables: Tables, index: str | None) -> Select[Any]:
    """Walk along an index; without a hint servers may rather sort every row of the table."""
    for dialect in ("mysql", "mariadb") if index else ():
        query = query.with_hint(tables.progress, f"FORCE INDEX ({index})", dialect)
    return query


def _status(tables: Tables, status: str | None) -> Iterator[ColumnElement[bool]]:
    c = tables.progress.c
    if status == DEFERRED:
        yield and_(
            is_pending(tables),
            c.queue_id.is_not(None),
            # Without coalesce servers treat the join as an inner one, and may begin with every
            # mail.
            func.coalesce(tables.queue.c.queue_status, -1) == QueueStatus.CANCEL,
        )
    elif status == INTERRUPTED:
        yield and_(has_status(tables, ProgressStatus.FAILED), was_interrupted(tables, c.queue_id))
    elif status is not None:
        yield has_status(tables, ProgressStatus(status))


def _in_time(
    tables: Tables, chosen: HistoryFilter, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    if chosen.since is not None:
        yield happened_at(tables) >= chosen.since
    if until is not None:
        yield not_(happened_at(tables) >= until)


def _newest(base: Select[Any], chosen: HistoryFilter, *order: ColumnElement[Any]) -> Select[Any]:
    return base.order_by(*(column.desc() for column in order)).limit(chosen.limit)
