"""Keeps the steps of a sequence's run apart when an earlier one of them was sent late.

A run of a sequence is the rows of one customer, segment and trigger with the same `created_at`.
After an outage all of its steps are due at once, and would leave in the same second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from segmail.maho.db.value_lists import among
from segmail.maho.progress import ProgressStatus, has_status
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow

_LATE = timedelta(minutes=15)  # cron's minutes are not an outage


@dataclass(frozen=True)
class Postponed:
    """Why a row waits, and until when; None: until an earlier step has ended."""

    reason: str
    until: datetime | None


@dataclass(frozen=True)
class EarlierSteps:
    """The earlier steps of the same runs as the rows of a batch, by progress id."""

    steps: Mapping[int, Step]
    rows: Mapping[int, Sequence[Any]]
    begun_until: datetime  # the latest time at which a lease taken now ends

    def postpone(self, row: DueRow, ended: Collection[int], *, now: datetime) -> Postponed | None:
        """Return why a row must wait at `now`; `ended` are rows that end in this batch."""
        until = self.after_late(row)
        if until is not None and until > now:
            return Postponed(
                f"an earlier step was sent late: this one waits until {until:%Y-%m-%d %H:%M} UTC",
                until,
            )
        for earlier in self.rows.get(row.progress_id, ()):
            if self._is_awaited(earlier) and earlier.progress_id not in ended:
                # One that the server deferred may be tried again after hours.
                again = earlier.scheduled_at if earlier.scheduled_at > self.begun_until else None
                if again is not None and earlier.queue_id is None:
                    again += self._distance(row, earlier)
                return Postponed(f"step {earlier.step_number} comes before it", again)
        return None

    def after_late(self, row: DueRow) -> datetime | None:
        """Return when a row is to be sent after late earlier steps; None: as planned."""
        late = [self._after_late(row, earlier) for earlier in self.rows.get(row.progress_id, ())]
        return max((moment for moment in late if moment), default=None)

    def _after_late(self, row: DueRow, earlier: Any) -> datetime | None:
        """Return when the row is to be sent after an earlier one that was sent late."""
        if earlier.status != ProgressStatus.SENT or not earlier.sent_at:
            return None
        distance, planned = self._distance(row, earlier), self._planned(earlier)
        if earlier.sent_at - planned <= min(_LATE, distance / 5):
            return None
        moment: datetime = earlier.sent_at + distance
        return moment

    def _distance(self, row: DueRow, earlier: Any) -> timedelta:
        own, before = row.step.delay_minutes, self.steps[earlier.sequence_id].delay_minutes
        return timedelta(minutes=own - before)

    def _planned(self, earlier: Any) -> datetime:
        """Return when an earlier step was to be sent, before any rule moved it."""
        step, scheduled_at = self.steps[earlier.sequence_id], earlier.scheduled_at
        moment: datetime = min(step.planned_at(earlier.created_at, scheduled_at), scheduled_at)
        return moment

    def _is_awaited(self, earlier: Any) -> bool:
        """Return whether a row's mail must come first: it is due, claimed, was tried or moved."""
        if earlier.status != ProgressStatus.SCHEDULED:
            return False
        is_due = earlier.queue_id is not None or earlier.scheduled_at <= self.begun_until
        return is_due or earlier.scheduled_at > self._planned(earlier)


def load_earlier_steps(
    tx: Transaction,
    rows: Sequence[DueRow],
    steps: Mapping[int, Step],
    *,
    begun_until: datetime,
) -> EarlierSteps:
    """Read the steps before rows, with one statement; none if no sequence has two.

    A row that has an attempt was let through before, and is not held back a second time.
    """
    own = {row.step.sequence_id: row.step for row in rows}
    not_first = {id for id, step in own.items() if _has_earlier(step, steps)}
    later = [
        row
        for row in rows
        if row.created_at and row.queue_id is None and row.step.sequence_id in not_first
    ]
    if not later:
        return EarlierSteps(steps, {}, begun_until)
    c = tx.tables.progress.c
    query = select(
        c.progress_id,
        c.customer_id,
        c.segment_id,
        c.trigger_type,
        c.created_at,
        c.sequence_id,
        c.step_number,
        c.status,
        c.scheduled_at,
        c.sent_at,
        c.queue_id,
    ).where(
        among(c.customer_id, {row.customer_id for row in later}),
        has_status(tx.tables, ProgressStatus.SENT, ProgressStatus.SCHEDULED),
        among(c.created_at, {row.created_at for row in later}),
    )
    runs: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for found in tx.connection.execute(query).all():
        if found.sequence_id in steps:
            key = found.customer_id, found.segment_id, found.trigger_type, found.created_at
            runs[key].append(found)
    return EarlierSteps(
        steps,
        {row.progress_id: _before(row, runs[_run_of(row)], steps) for row in later},
        begun_until,
    )


def _run_of(row: DueRow) -> tuple[Any, ...]:
    return row.customer_id, row.step.segment.segment_id, row.trigger_type, row.created_at


def _before(row: DueRow, run: Sequence[Any], steps: Mapping[int, Step]) -> list[Any]:
    """Return the rows of a row's run that come before it; repetitions are not compared."""
    firsts: dict[int, Any] = {}
    for other in sorted(run, key=lambda found: int(found.progress_id)):
        firsts.setdefault(other.sequence_id, other)
    own = firsts.get(row.step.sequence_id)
    if own is not None and own.progress_id < row.progress_id:
        return []
    return [
        other
        for other in firsts.values()
        if steps[other.sequence_id].delay_minutes < row.step.delay_minutes
    ]


def _has_earlier(step: Step, steps: Mapping[int, Step]) -> bool:
    return any(
        other.segment.segment_id == step.segment.segment_id
        and other.trigger == step.trigger
        and other.delay_minutes < step.delay_minutes
        for other in steps.values()
    )
