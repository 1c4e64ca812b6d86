"""Why a customer did, did not or will receive the mails of steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from segmail.delivery.assemble import preview_rows
from segmail.delivery.job import Job
from segmail.delivery.rows.outcome import Outcome
from segmail.errors import InputError
from segmail.history.enrolment import kept_out
from segmail.history.entries import HistoryEntry, load_history
from segmail.history.query import HistoryFilter
from segmail.history.selection import HistoryScope, find_scope
from segmail.history.sentences import Case, sentences
from segmail.maho.config.switch import automation_switch
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, load_steps
from segmail.mail.due_row import DueRow, Prepared
from segmail.sequences.find import label

_ROWS = 1_000  # rows of one customer that are considered


@dataclass(frozen=True)
class Answer:
    """A step, what last became of it (`never` scheduled, or as in the history), and why."""

    step: str
    sequence_id: int
    outcome: str
    sentences: tuple[str, ...]


def explain(
    job: Job, customer: str, *, segment: str | None = None, step: str | None = None
) -> list[Answer]:
    """Return an answer for each step that was asked for.

    Without `segment` and `step`: for the steps of every segment that the customer is in, or was
    scheduled for. The run's own planner says what a run would do now; if no row is scheduled, it
    gets an invented one. Raises InputError if a name does not exist.
    """
    if segment is not None and step is not None:
        raise InputError("Give either --segment or --step, not both.")
    now = job.clock.now()
    with job.shop.read() as tx:
        scope = find_scope(tx, customer=customer, segment=segment, step=step)
        chosen = HistoryFilter(scope, limit=_ROWS)
        history = load_history(tx, chosen, now=now, lateness=timedelta())
        since = _memberships(tx, scope)
        known = {*since, *(entry.segment_id for entry in history)}
        steps = _asked(load_steps(tx), scope, known)
        made = _made(tx, [it.sequence_id for it in steps])
    told: defaultdict[int, list[HistoryEntry]] = defaultdict(list)
    for entry in history:
        told[entry.sequence_id].append(entry)
    outlook = _outlook(job, steps, told, scope, now)
    out: Mapping[int, str] = {}
    if scope.customer_id is not None:
        out = kept_out(job.shop, steps, scope.customer_id, since, now=now)
    switch = automation_switch(job.config, job.settings.enabled)
    cases = [
        Case(
            step=it,
            entries=tuple(told[it.sequence_id]),
            member_since=since.get(it.segment.segment_id),
            made_at=made.get(it.sequence_id),
            switched_off_by=None if switch.on else switch.setting,
            outlook=outlook.get(it.sequence_id),
            kept_out=out.get(it.sequence_id),
            now=now,
        )
        for it in steps
    ]
    return [_answer(case) for case in cases]


def _answer(case: Case) -> Answer:
    outcome = case.entries[0].outcome if case.entries else "never"
    return Answer(label(case.step), case.step.sequence_id, outcome, tuple(sentences(case)))


def _asked(steps: Sequence[Step], scope: HistoryScope, known: Collection[int]) -> list[Step]:
    if scope.sequence_id is not None:
        return [step for step in steps if step.sequence_id == scope.sequence_id]
    segments = known if scope.segment_id is None else {scope.segment_id}
    return [step for step in steps if step.segment.segment_id in segments]


def _memberships(tx: Transaction, scope: HistoryScope) -> dict[int, datetime]:
    """Return, by segment id, since when the customer is in it."""
    c = tx.tables.member.c
    query = select(c.segment_id, c.added_at).where(c.customer_id == scope.customer_id)
    return {row.segment_id: row.added_at for row in tx.connection.execute(query)}


def _made(tx: Transaction, sequence_ids: Collection[int]) -> dict[int, datetime]:
    """Return, by sequence id, when the steps were created."""
    c = tx.tables.sequence.c
    query = select(c.sequence_id, c.created_at).where(c.sequence_id.in_(sequence_ids))
    return {row.sequence_id: row.created_at for row in tx.connection.execute(query)}


def _outlook(
    job: Job,
    steps: Sequence[Step],
    told: Mapping[int, Sequence[HistoryEntry]],
    scope: HistoryScope,
    now: datetime,
) -> dict[int, Outcome | Prepared]:
    """Return, by sequence id, what a run would do with each step if it were due now."""
    if scope.customer_id is None or not steps:
        return {}
    rows = [_row(scope.customer_id, step, told[step.sequence_id], now) for step in steps]
    return {it.row.step.sequence_id: it for it in preview_rows(job, rows)}


def _row(customer_id: int, step: Step, entries: Sequence[HistoryEntry], now: datetime) -> DueRow:
    """Return the row that has waited longest; without one, an invented row."""
    waiting = [entry for entry in entries if entry.status == ProgressStatus.SCHEDULED]
    row = waiting[-1] if waiting else None
    return DueRow(
        progress_id=row.progress_id if row else -step.sequence_id,
        customer_id=customer_id,
        step=step,
        trigger_type=row.trigger if row else step.trigger,
        queue_id=row.queue_id if row else None,
        scheduled_at=now,
        seen_at=(row.due_at if row else None) or now,
        lease_until=now,
        created_at=row.enrolled_at if row else None,
    )
