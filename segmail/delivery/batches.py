"""Makes batches of due rows ready to be sent: claimed, decided about, recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from segmail.clock import Clock
from segmail.coupons import CouponsRefused
from segmail.delivery.decide.plan import Plan, Planner
from segmail.delivery.quota import Quota
from segmail.delivery.rows.attempts import Recorder
from segmail.delivery.rows.claim import Claimer
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import Attempt, Outcome, Status, outcome_of
from segmail.delivery.rows.settle import Settler
from segmail.delivery.senders import Senders
from segmail.errors import SegmailError
from segmail.mail.due_row import DueRow, Prepared

_CODE_TRIES = 10


@dataclass
class ReadyBatch:
    """Claimed rows, what was decided about them, and the attempts that are to be sent.

    `ended` are the outcomes of rows that got no attempt, already settled. `error` is what kept the
    batch from being ready.
    """

    rows: Sequence[DueRow] = ()
    plan: Plan | None = None
    ended: list[Outcome] = field(default_factory=list)
    attempts: Sequence[Attempt] = ()
    error: Exception | None = None


@dataclass(frozen=True)
class Batches:
    """Makes the batches of one run ready; each part does one thing and knows none of the others."""

    claimer: Claimer
    planner: Planner
    recorder: Recorder
    senders: Senders
    settler: Settler
    journal: Journal
    clock: Clock

    def next(
        self, quota: Quota, most: int, *, reach: Callable[[], bool], held: Collection[int] = ()
    ) -> ReadyBatch | None:
        """Return a batch of at most `most` due rows, as `quota` allows; None if nothing is due.

        Nothing is recorded unless `reach` says that messages may be begun. `held` are the ids of
        the rows that this run is sending: if their leases are over because the machine slept, they
        are not taken twice. An error is returned with the batch: what ended before it is to be told
        first.
        """
        batch = ReadyBatch()
        try:
            batch.rows = self._claimed(quota, most, held)
            if not batch.rows:
                return None
            self._make_ready(batch, reach)
        except Exception as error:  # noqa: BLE001 - raised by whoever gets the batch
            batch.error = error
        return batch

    def give_back(self, rows: Sequence[DueRow], unsent: Sequence[Attempt] = ()) -> None:
        """Schedule rows as they were if nothing was recorded, or their attempt is `unsent`.

        The run cannot go on.
        """
        reason = "the run was stopped"
        with suppress(SegmailError):  # then their leases release them
            self._settle([outcome_of(attempt, Status.RELEASED, reason) for attempt in unsent])
            self.claimer.give_back(rows)

    def _claimed(self, quota: Quota, most: int, held: Collection[int]) -> Sequence[DueRow]:
        self.claimer.go_on_with(self.planner.states.current().sending(self.claimer.steps))
        size = quota.take(most)
        claimed = self.claimer.claim(now=self.clock.now(), limit=size) if size else []
        rows = [row for row in claimed if row.progress_id not in held]
        quota.give_back(size - len(rows))
        return rows

    def _make_ready(self, batch: ReadyBatch, reach: Callable[[], bool]) -> None:
        rows = batch.rows
        for _ in range(_CODE_TRIES):
            plan = batch.plan = self.planner.plan(rows, now=self.clock.now())
            in_vain = [p for p in plan.prepared if self.senders.refused.reason(p)]
            if in_vain:  # as claiming more rows of these steps would be
                self.claimer.leave_out({p.row.step.sequence_id for p in in_vain})
            prepared = [p for p in plan.prepared if p not in in_vain]
            self._end(batch, [*plan.outcomes, *self._released(in_vain)])
            if prepared and not reach():
                self._end(batch, self._released(prepared))
                return
            now = self.clock.now()
            admit = partial(plan.timetable.admit, now=now)
            try:
                batch.attempts, held = self.recorder.record(
                    prepared, now=now, before_commit=self._note, admit=admit
                )
            except CouponsRefused:  # a code is taken: plan these rows again, with other codes
                rows = [p.row for p in prepared]
                continue
            self._end(batch, held)
            return
        raise AssertionError("no free coupon code in ten tries: the random source is broken")

    def _end(self, batch: ReadyBatch, outcomes: Sequence[Outcome]) -> None:
        self._settle(outcomes)
        batch.ended += outcomes

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        self.settler.settle(outcomes, now=self.clock.now())

    def _released(self, prepared: Sequence[Prepared]) -> list[Outcome]:
        """Return the outcomes of messages that stay scheduled as they were."""
        reason = str(self.senders.fault or "the run was stopped")
        return [Outcome(message.row, Status.RELEASED, reason) for message in prepared]

    def _note(self, attempts: list[Attempt]) -> None:
        self.journal.write(Verdict.RECORDED, [attempt.key for attempt in attempts])
