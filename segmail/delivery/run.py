"""The run loop of `process-emails`: batches are made ready, sent and settled.

While one is sent, the next is made ready in a thread of its own: neither the database nor the mail
server waits for the other. Both together are what is sent before it has to be checked again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from segmail.clock import Clock
from segmail.delivery.batches import Batches, ReadyBatch
from segmail.delivery.claim_size import ClaimSize
from segmail.delivery.decide.plan import Plan
from segmail.delivery.decide.recheck import Recheck
from segmail.delivery.decide.timetable import Timetable
from segmail.delivery.log_lines import OutcomeLog
from segmail.delivery.quota import Quota
from segmail.delivery.rows.outcome import Attempt, Outcome, Status
from segmail.delivery.rows.settle import Settler
from segmail.delivery.senders import Limits, Senders
from segmail.errors import SegmailError
from segmail.log import log_lines, logger
from segmail.settings import DeliverySettings

_GONE_BACK = (Status.RELEASED, Status.POSTPONED)
_LONGEST_PAUSE = 6 * 60  # minutes between two tries of a row


@dataclass(frozen=True)
class Run:
    """One run over the due rows.

    `works_ahead` is whether a batch is made ready while the one before it is sent.
    """

    batches: Batches
    recheck: Recheck
    senders: Senders
    settler: Settler
    clock: Clock
    settings: DeliverySettings
    limits: Limits
    works_ahead: bool

    def send_due(
        self, quota: Quota, *, on_outcomes: Callable[[Sequence[Outcome]], None]
    ) -> SegmailError | None:
        """Send due rows, as many as `quota` allows. One bad row never stops the rest.

        Each group is logged and passed to `on_outcomes` after it was settled. If this run ends
        early, everything it has claimed and not begun is scheduled again as it was. Returns what
        ended it early.
        """
        outcome_log = OutcomeLog()
        with closing(self._batches(quota)) as batches:
            for batch in batches:
                logger.info("Processing %d scheduled email sequences", len(batch.rows))
                for outcomes in self._brought_to_end(batch):
                    outcome_log.write([o for o in outcomes if not self._is_told_at_the_end(o)])
                    on_outcomes(outcomes)
                    quota.give_back(sum(o.status in _GONE_BACK for o in outcomes))
        return self.senders.fault

    def _batches(self, quota: Quota) -> Generator[ReadyBatch]:
        """Yield batches of due rows that are ready to be sent.

        If the caller gives up, the rows that this run holds are scheduled again as they were.
        """
        parts = 2 if self.works_ahead else 1
        claim_size = ClaimSize(
            self.settings.batch,
            seconds=self.limits.recheck_seconds / parts,
            rate=self.limits.pace.per_second,
        )

        def next_batch(
            reach: Callable[[], bool], beside: ReadyBatch | None = None
        ) -> ReadyBatch | None:
            if self.limits.reached(self.clock.now()):
                return None
            held = {row.progress_id for row in beside.rows} if beside else ()
            return self.batches.next(quota, claim_size.rows, reach=reach, held=held)

        began = time.monotonic()
        with ThreadPoolExecutor(1) as thread:
            batch = next_batch(self.senders.reach)
            while batch is not None:
                # Without attempts nothing is sent meanwhile, and no connection may be open yet.
                is_sent = self.works_ahead and batch.attempts
                ahead = thread.submit(next_batch, self._may_go_on, batch) if is_sent else None
                try:
                    yield batch
                except GeneratorExit:
                    self.batches.give_back(batch.rows)
                    if ahead and (following := ahead.result()):
                        self.batches.give_back(following.rows, following.attempts)
                    raise
                took, began = time.monotonic() - began, time.monotonic()
                claim_size.learn(
                    len(batch.rows), took, connections=len(self.senders.connections.open)
                )
                batch = (ahead and ahead.result()) or next_batch(self.senders.reach)

    def _may_go_on(self) -> bool:
        return not self.limits.stop.no_new.is_set()

    def _brought_to_end(self, batch: ReadyBatch) -> Iterator[Sequence[Outcome]]:
        """Send a batch and yield its outcomes as they are settled."""
        yield batch.ended
        if batch.error is not None:
            raise batch.error
        if batch.plan is None or not batch.attempts:
            return
        _log_coupons(batch.attempts)
        sending = self.senders.send(
            batch.attempts,
            ask_again=partial(self._ask_again, batch.plan.timetable),
            asked_at=batch.plan.asked_at,
        )
        with closing(sending) as groups:
            for group in groups:
                outcomes = [self._with_retry(outcome, batch.plan) for outcome in group]
                self.settler.settle(outcomes, now=self.clock.now())
                yield outcomes

    def _is_told_at_the_end(self, outcome: Outcome) -> bool:
        """Return whether a row is released for the reason that ends the run, logged once."""
        is_back = outcome.status is Status.RELEASED
        return is_back and outcome.reason in str(self.senders.fault or "")

    def _ask_again(
        self, timetable: Timetable, attempts: Sequence[Attempt]
    ) -> tuple[Mapping[int, Outcome], float]:
        now = self.clock.now()
        forbidden, asked_at = self.recheck.forbidden(attempts, now=now)
        closed = {it.queue_id: timetable.closed(it, now=now) for it in attempts}
        return {**{id: it for id, it in closed.items() if it}, **forbidden}, asked_at

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
    log_lines(
        [
            f"Generated coupon {one.coupon.code} for customer {one.row.customer_id} in sequence "
            f"{one.row.step.sequence_id}"
            for one in (attempt.prepared for attempt in attempts)
            if one.coupon is not None
        ]
    )
