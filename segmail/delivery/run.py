"""The run loop of `process-emails`: claim, plan, record, send, settle, batch by batch."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from segmail.clock import Clock
from segmail.coupons import CouponsRefused
from segmail.delivery.claim_size import ClaimSize
from segmail.delivery.decide.plan import Plan, Planner
from segmail.delivery.decide.recheck import Recheck
from segmail.delivery.decide.timetable import RulesGate, Timetable
from segmail.delivery.log_lines import OutcomeLog
from segmail.delivery.quota import Quota
from segmail.delivery.rows.attempts import Recorder
from segmail.delivery.rows.claim import Claimer
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import Attempt, Outcome, Status
from segmail.delivery.rows.settle import Settler
from segmail.delivery.senders import Limits, Senders
from segmail.errors import SegmailError
from segmail.log import logger
from segmail.mail.due_row import DueRow, Prepared
from segmail.settings import DeliverySettings

_CODE_TRIES = 10
_GONE_BACK = (Status.RELEASED, Status.POSTPONED)
_LONGEST_PAUSE = 6 * 60  # minutes between two tries of a row


@dataclass(frozen=True)
class Run:
    """One run over the due rows; each part does one thing and knows none of the others."""

    claimer: Claimer
    planner: Planner
    recheck: Recheck
    recorder: Recorder
    senders: Senders
    settler: Settler
    journal: Journal
    clock: Clock
    settings: DeliverySettings
    limits: Limits

    def send_due(
        self, quota: Quota, *, on_outcomes: Callable[[Sequence[Outcome]], None]
    ) -> SegmailError | None:
        """Send due rows, as many as `quota` allows. One bad row never stops the rest.

        Each group is logged and passed to `on_outcomes` after it was settled. If this run ends
        early, everything it has claimed and not begun is scheduled again as it was. Returns what
        ended it early.
        """
        most, rate = self.settings.batch, self.limits.pace.per_second
        claim_size = ClaimSize(most, seconds=self.limits.recheck_seconds, rate=rate)
        outcome_log = OutcomeLog()
        while not self.limits.reached(self.clock.now()):
            self.claimer.go_on_with(self.planner.states.current().sending(self.claimer.steps))
            size = quota.take(claim_size.rows)
            rows = self.claimer.claim(now=self.clock.now(), limit=size) if size else []
            quota.give_back(size - len(rows))
            if not rows:
                break
            began = time.monotonic()
            logger.info("Processing %d scheduled email sequences", len(rows))
            try:
                for outcomes in self._batch(rows):
                    for outcome in outcomes:
                        if not self._is_told_at_the_end(outcome):
                            outcome_log.write(outcome)
                    on_outcomes(outcomes)
                    quota.give_back(sum(o.status in _GONE_BACK for o in outcomes))
            except Exception:
                with suppress(SegmailError):  # then their leases release them
                    self.claimer.give_back(rows)
                raise
            took = time.monotonic() - began
            claim_size.learn(len(rows), took, connections=len(self.senders.connections.open))
        return self.senders.fault

    def _batch(self, rows: Sequence[DueRow]) -> Iterator[Sequence[Outcome]]:
        """Bring a batch to its end, yielding outcomes as they are settled."""
        for _ in range(_CODE_TRIES):
            plan = self.planner.plan(rows, now=self.clock.now())
            refused = [p for p in plan.prepared if self.senders.refused.reason(p)]
            if refused:  # claiming rows of these steps would be in vain
                self.claimer.leave_out({p.row.step.sequence_id for p in refused})
                plan = replace(
                    plan, prepared=[p for p in plan.prepared if not self.senders.refused.reason(p)]
                )
                yield self._release(refused)
            self.settler.settle(plan.outcomes, now=self.clock.now())
            yield plan.outcomes
            if plan.prepared and not self.senders.reach():
                yield self._release(plan.prepared)
                return
            gate = RulesGate(plan.timetable, self.clock.now())
            try:
                attempts = self.recorder.record(
                    plan.prepared, now=self.clock.now(), before_commit=self._note, gate=gate
                )
            except CouponsRefused:  # a code is taken: plan these rows again, with other codes
                rows = [prepared.row for prepared in plan.prepared]
                continue
            if gate.held:
                self.settler.settle(gate.held, now=self.clock.now())
                yield gate.held
            _log_coupons(attempts)
            ask_again = partial(self._ask_again, plan.timetable)
            sending = self.senders.send(attempts, ask_again=ask_again, asked_at=plan.asked_at)
            with closing(sending) as groups:
                for group in groups:
                    outcomes = [self._with_retry(outcome, plan) for outcome in group]
                    self.settler.settle(outcomes, now=self.clock.now())
                    yield outcomes
            return
        raise AssertionError("no free coupon code in ten tries: the random source is broken")

    def _is_told_at_the_end(self, outcome: Outcome) -> bool:
        """Return whether a row is released for the reason that ends the run, logged once."""
        is_back = outcome.status is Status.RELEASED
        return is_back and outcome.reason in str(self.senders.fault or "")

    def _release(self, prepared: Sequence[Prepared]) -> Sequence[Outcome]:
        """Schedule messages again as they were; nothing about them was recorded."""
        reason = str(self.senders.fault or "the run was stopped")
        outcomes = [Outcome(message.row, Status.RELEASED, reason) for message in prepared]
        self.settler.settle(outcomes, now=self.clock.now())
        return outcomes

    def _ask_again(
        self, timetable: Timetable, attempts: Sequence[Attempt]
    ) -> tuple[Mapping[int, Outcome], float]:
        now = self.clock.now()
        forbidden, asked_at = self.recheck.forbidden(attempts, now=now)
        closed = {it.queue_id: timetable.closed(it, now=now) for it in attempts}
        return {**{id: it for id, it in closed.items() if it}, **forbidden}, asked_at

    def _note(self, attempts: list[Attempt]) -> None:
        self.journal.write(Verdict.RECORDED, [attempt.key for attempt in attempts])

    def _with_retry(self, outcome: Outcome, plan: Plan) -> Outcome:
        """Give a deferred outcome its next try, or fail it after the last one."""
        if outcome.status is not Status.DEFERRED:
            return outcome
        tries = plan.problems.get(outcome.row.progress_id, 0) + 1
        if tries >= self.settings.attempts:
            reason = f"given up after {tries} tries: {outcome.reason}"
            return replace(outcome, status=Status.FAILED, reason=reason)
        return replace(outcome, retry_at=retry_at(self.clock.now(), tries, self.settings))


def retry_at(now: datetime, tries: int, settings: DeliverySettings) -> datetime:
    """Return when a message that was deferred `tries` times is tried again.

    Exponential back-off up to six hours, with a fifth of jitter, so that mails deferred by one
    outage do not come back in one burst. All tries together span four to five days, as RFC 5321
    (4.5.4.1) recommends.
    """
    doublings = min(tries - 1, 20)  # more exceed the longest pause anyway
    minutes = min(settings.retry_minutes * 2**doublings, _LONGEST_PAUSE)
    return now + timedelta(minutes=minutes * random.uniform(0.8, 1.2))  # noqa: S311


def _log_coupons(attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        if attempt.prepared.coupon is not None:
            logger.info(
                "Generated coupon %s for customer %d in sequence %d",
                attempt.prepared.coupon.code,
                attempt.prepared.row.customer_id,
                attempt.prepared.row.step.sequence_id,
            )
