"""The history of steps, newest first, read with a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, case, func, select

from segmail.coupons.codes import code_in_text
from segmail.history.query import DEFERRED, HistoryFilter, candidate_queries, find_access_paths
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.problems import INTERRUPTED, RETRIED
from segmail.maho.progress import ProgressStatus
from segmail.maho.reasons import NOT_SENT, attempt_ended_at, read_back
from segmail.maho.reasons import SOURCE as REASON
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.mail.column_limits import as_written


@dataclass(frozen=True)
class HistoryEntry:
    """What became of one step for one customer.

    `status` is Maho's; `outcome` says more: deferred, interrupted, under way, retried. `at` is when
    it was sent or last tried, None if the tables do not tell; `due_at` is when it was or is due,
    `next_try_at` the next try of a row that was tried before, `enrolled_at` when its run began.
    `reason` is why the last try did not succeed, or why it was skipped, None if none is stored;
    `problems` are the reasons of all tries.
    """

    progress_id: int
    at: datetime | None
    due_at: datetime | None
    customer_id: int
    email: str | None
    segment_id: int
    segment: str
    sequence_id: int
    step: str
    trigger: str
    status: str
    outcome: str
    reason: str | None
    tries: int
    problems: tuple[str, ...]
    template_id: int
    template: str | None
    subject: str | None
    coupon_code: str | None
    queue_id: int | None
    next_try_at: datetime | None
    enrolled_at: datetime | None

    @property
    def happened_at(self) -> datetime | None:
        """When it was sent, tried or due: the history is sorted by this."""
        return self.at or self.due_at


def load_history(
    tx: Transaction,
    chosen: HistoryFilter,
    *,
    now: datetime,
    lateness: timedelta,
) -> list[HistoryEntry]:
    """Return the newest rows that `chosen` describes, newest first; at most six statements."""
    ids: set[int] = set()
    paths = find_access_paths(tx, chosen)
    for query in candidate_queries(tx.tables, chosen, paths, now=now, lateness=lateness):
        ids.update(tx.connection.scalars(query))
    rows = tx.connection.execute(_details(tx.tables, ids)).all() if ids else []
    problems = _problems(tx, {row.queue_id for row in rows if row.queue_id})
    entries = [_entry(row, problems.get(row.queue_id, ())) for row in rows]
    entries.sort(key=_order, reverse=True)
    return entries[: chosen.limit]


def _order(entry: HistoryEntry) -> tuple[float, int]:
    happened = entry.happened_at
    return (happened.timestamp() if happened else 0.0, entry.progress_id)


def _details(tables: Tables, ids: Collection[int]) -> Select[Any]:
    c, q, step = tables.progress.c, tables.queue, tables.sequence
    template_id = func.coalesce(q.c.template_id, step.c.template_id)
    return (
        select(
            c.progress_id,
            c.status,
            c.sent_at,
            c.scheduled_at,
            c.created_at,
            c.customer_id,
            tables.customer.c.email,
            c.segment_id,
            tables.segment.c.name.label("segment"),
            c.sequence_id,
            c.trigger_type,
            c.step_number,
            step.c.coupon_prefix,
            template_id.label("template_id"),
            tables.template.c.template_code,
            q.c.queue_id,
            q.c.queue_status,
            attempt_ended_at(tables).label("ended_at"),
            q.c.automation_source,
            q.c.newsletter_subject,
            # Texts are long, and only those with a coupon are searched.
            case((step.c.generate_coupon == 1, q.c.newsletter_text)).label("text"),
        )
        .join_from(tables.progress, tables.customer, tables.customer.c.entity_id == c.customer_id)
        .join(tables.segment, tables.segment.c.segment_id == c.segment_id)
        .join(step, step.c.sequence_id == c.sequence_id)
        .outerjoin(q, q.c.queue_id == c.queue_id)
        .outerjoin(tables.template, tables.template.c.template_id == template_id)
        .where(c.progress_id.in_(ids))
    )


def _problems(tx: Transaction, queue_ids: Collection[int]) -> Mapping[int, Sequence[str]]:
    """Return the reasons of all tries by queue id, oldest first."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    if queue_ids:
        c = tx.tables.problem.c
        query = select(c.queue_id, c.problem_error_text).where(c.queue_id.in_(queue_ids))
        for queue_id, text in tx.connection.execute(query.order_by(c.problem_id)):
            found[queue_id].append(as_written(text or ""))
    return found


def _entry(row: Row[Any], told: Sequence[str]) -> HistoryEntry:
    tried = [text for text in told if not text.startswith((RETRIED, NOT_SENT))]
    is_reason = row.automation_source == REASON
    outcome = _outcome(row, told)
    return HistoryEntry(
        progress_id=row.progress_id,
        at=row.sent_at or row.ended_at,
        due_at=row.scheduled_at,
        customer_id=row.customer_id,
        email=row.email,
        segment_id=row.segment_id,
        segment=row.segment,
        sequence_id=row.sequence_id,
        step=f"{row.segment}:{row.trigger_type}:{row.step_number}",
        trigger=row.trigger_type,
        status=row.status,
        outcome=outcome,
        reason=read_back(row.newsletter_subject) if is_reason else _reason(outcome, told),
        tries=len(tried) + (row.status == ProgressStatus.SENT),
        problems=tuple(told),
        template_id=row.template_id,
        template=row.template_code,
        subject=None if is_reason else as_written(row.newsletter_subject or "") or None,
        coupon_code=code_in_text(row.text or "", row.coupon_prefix or None, row.customer_id),
        queue_id=None if is_reason else row.queue_id,
        next_try_at=row.scheduled_at if outcome in (DEFERRED, "retried") else None,
        enrolled_at=row.created_at,
    )


def _outcome(row: Row[Any], told: Sequence[str]) -> str:
    """Return what became of a row, in one word that says more than its status."""
    last = told[-1] if told else ""
    if row.status == ProgressStatus.FAILED and last.startswith(INTERRUPTED):
        return "interrupted"
    if row.status != ProgressStatus.SCHEDULED or row.queue_id is None:
        return str(row.status)
    if row.queue_status == QueueStatus.PAUSE:
        return "under way"
    if last.startswith(RETRIED):
        return "retried"
    return DEFERRED if told else ProgressStatus.SCHEDULED.value


def _reason(outcome: str, told: Sequence[str]) -> str | None:
    """Return why the last try did not succeed, or why an attempt was skipped after it."""
    if outcome == ProgressStatus.SKIPPED:
        return next(filter(None, map(read_back, reversed(told))), None)
    return told[-1] if told and outcome not in (ProgressStatus.SENT, "under way") else None
