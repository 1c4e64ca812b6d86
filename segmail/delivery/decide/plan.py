"""Decides for every row of a batch what is to be done, and prepares the messages to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from segmail.delivery.decide.batch import Batch, load_batch
from segmail.delivery.decide.eligible import RunFacts, ends_run, skip_reason
from segmail.delivery.decide.shop_state import ShopState, ShopStates
from segmail.delivery.decide.timetable import Timetable
from segmail.delivery.rows.journal import Journal
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.delivery.rows.recover import recover
from segmail.errors import NothingToShow, SegmailError, StepError
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.shop import Shop
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import Preparer
from segmail.mail.variables import Addressee
from segmail.sending_rules import SendingRules
from segmail.settings import DeliverySettings

_UNTIL_MENDED = timedelta(hours=1)  # for faults in the shop's configuration that a person must fix


@dataclass(frozen=True)
class Plan:
    """A batch, decided: rows that end here, and messages to send.

    `problems` counts the earlier tries of a progress row that ended without delivery. `asked_at`
    (`time.monotonic`) is when the oldest of the facts behind the decision was read, `timetable` is
    what the sending rules said.
    """

    outcomes: Sequence[Outcome]
    prepared: Sequence[Prepared]
    problems: Mapping[int, int]
    asked_at: float
    timetable: Timetable


@dataclass(frozen=True)
class Planner:
    """Plans the batches of one run."""

    shop: Shop
    preparer: Preparer
    journal: Journal
    settings: DeliverySettings
    rules: RunFacts
    states: ShopStates
    sending_rules: SendingRules

    def plan(self, rows: Sequence[DueRow], *, now: datetime) -> Plan:
        """Decide about `rows` in the shop's present state; nothing is written."""
        batch = load_batch(
            self.shop,
            self.preparer,
            self.journal,
            self.states,
            rows,
            self.sending_rules,
            now=now,
        )
        outcomes: list[Outcome] = []
        prepared: list[Prepared] = []
        for row in batch.timetable.in_order(rows):
            result = self._sent(row) or self._decide(
                _without_closed_attempt(row, batch), batch, now
            )
            if isinstance(result, Prepared):
                prepared.append(result)
            else:
                outcomes.append(result)
        problems = {progress_id: it.problems for progress_id, it in batch.earlier.items()}
        return Plan(outcomes, prepared, problems, batch.state.read_at, batch.timetable)

    def _sent(self, row: DueRow) -> Outcome | None:
        """Return the end of a row without an attempt that was sent by this host's journal.

        The database has lost the attempt; only a person can tell whether the mail is wanted twice.
        A row that `retry` schedules refers to an attempt, and one that is due later is different.
        """
        if row.queue_id is not None or not row.progress_id:
            return None
        at = self._sent_before.get(row.progress_id)
        if at is None or row.scheduled_at > at:
            return None
        reason = f"sent before, on {at:%Y-%m-%d %H:%M} UTC, by this host's journal"
        return Outcome(row, Status.FAILED, reason)

    @cached_property
    def _sent_before(self) -> Mapping[int, datetime]:
        return {it.progress_id: it.at for it in self.journal.accepted(latest=True)}

    def _decide(self, row: DueRow, batch: Batch, now: datetime) -> Prepared | Outcome:
        undecided = _undecided(row, batch)
        known = self._recovered(undecided, batch, now) or self._unsent(undecided, batch, now)
        if known is not None:
            if known.status is Status.SKIPPED:
                batch.ended.add(row.progress_id)
            return known
        try:
            prepared = self._prepare(row, batch, now)
        except StepError as error:
            batch.ended.add(row.progress_id)
            return _not_prepared(undecided, error)
        except SegmailError:
            raise  # the shop's, not this row's
        except Exception as error:  # noqa: BLE001 - a bug may cost its row, never the others
            reason = f"a bug in segmail: {type(error).__name__}; exception.log has its traceback"
            return replace(undecided, status=Status.FAILED, reason=reason, error=error)
        batch.taken.add(batch.counts.key(row))
        batch.timetable.take(row, now=now)
        return prepared

    def _recovered(self, undecided: Outcome, batch: Batch, now: datetime) -> Outcome | None:
        """Return what became of an attempt that is in flight, if that is known."""
        row = undecided.row
        if undecided.queue_id is None:
            return None
        earlier, verdict = batch.earlier[row.progress_id], batch.verdict_on(row)
        grace = timedelta(minutes=self.settings.grace_minutes)
        known = recover(row, earlier, verdict, now=now, grace=grace)
        return known and replace(known, subscriber_id=undecided.subscriber_id)

    def _unsent(self, undecided: Outcome, batch: Batch, now: datetime) -> Outcome | None:
        """Return the outcome of a row that must not be sent, or not yet."""
        row = undecided.row
        if reason := hold_reason(row, batch.state):
            return replace(undecided, reason=reason)
        current = as_it_is_now(row, batch.state)
        facts = batch.facts_of(row)
        if reason := skip_reason(current, facts, self.rules, now=now):
            over = ends_run(current, facts, self.rules)
            return replace(undecided, status=Status.SKIPPED, reason=reason, ends_run=over)
        if reason := batch.timetable.expired(row, now=now):
            return replace(undecided, status=Status.SKIPPED, reason=reason)
        if reason := _wait_reason(row, batch):
            return replace(undecided, reason=reason)
        postponed = batch.earlier_steps.postpone(row, batch.ended, now=now)
        if postponed and self.settings.keep_distance:
            return replace(undecided, reason=postponed.reason, retry_at=postponed.until)
        addressee = self._addressee(row, batch)
        if reason := _store_reason(addressee):
            return replace(undecided, reason=reason, retry_at=now + _UNTIL_MENDED)
        zone = ZoneInfo(addressee.locale.timezone)
        return batch.timetable.decide(undecided, zone, _due_at(row, batch), now=now)

    def _addressee(self, row: DueRow, batch: Batch) -> Addressee:
        id = row.customer_id
        if id not in batch.addressees:
            customer, subscriber = batch.customers[id], batch.subscribers[id]
            batch.addressees[id] = self.preparer.addressee(customer, subscriber)
        return batch.addressees[id]

    def _prepare(self, row: DueRow, batch: Batch, now: datetime) -> Prepared:
        addressee, basis = self._addressee(row, batch), batch.basis_of(row)
        return self.preparer.prepare(row, addressee, basis, batch.items, now=now)


def _not_prepared(undecided: Outcome, error: StepError) -> Outcome:
    """Return the outcome of a row whose mail cannot be made: failed, or skipped without content."""
    if isinstance(error, NothingToShow):
        return replace(undecided, status=Status.SKIPPED, reason=str(error))
    return replace(undecided, status=Status.FAILED, reason=str(error), error=error)


def _store_reason(addressee: Addressee) -> str | None:
    """Return why a row waits until a person mends its store.

    Without a base URL its mail's links, also to unsubscribe, would be dead; without a known time
    zone it could come at night and tell other days.
    """
    code, urls = addressee.site.store.code, addressee.site.urls
    if path := urls.missing_base_url:
        return f"store '{code}' has no base URL ({path}); looked at again in an hour"
    if fault := addressee.locale.timezone_fault:
        return f"{fault.what.removesuffix('.')}; looked at again in an hour"
    return None


def hold_reason(row: DueRow, state: ShopState) -> str | None:
    """Return why a row stays scheduled as it is: its segment or all automation is off."""
    if state.switched_off_by:
        return f"email automation is switched off ({state.switched_off_by})"
    step = state.steps.get(row.step.sequence_id)
    if step is not None and not step.segment.sends:
        return "held: the segment or its automation is switched off"
    return None


def as_it_is_now(row: DueRow, state: ShopState) -> DueRow:
    """Return a row with its step as an admin left it; a deleted step is treated as switched off."""
    step = state.steps.get(row.step.sequence_id) or replace(row.step, is_active=False)
    return row if step is row.step else replace(row, step=step)


def _due_at(row: DueRow, batch: Batch) -> datetime:
    """Return when a row was to be sent before any rule moved it, its distance kept.

    A row that was tried is due when it is scheduled to be tried again, also by `retry`.
    """
    if row.queue_id is not None or row.created_at is None:
        return row.seen_at
    planned = row.step.planned_at(row.created_at, row.seen_at)
    return max(planned, batch.earlier_steps.after_late(row) or planned)


def _undecided(row: DueRow, batch: Batch) -> Outcome:
    """Return an outcome to be filled in; it names the row's attempt if one is in flight."""
    earlier = batch.earlier.get(row.progress_id)
    if earlier is not None and earlier.status != QueueStatus.PAUSE:
        earlier = None
    subscriber = batch.subscribers.get(row.customer_id)
    return Outcome(
        row,
        Status.RELEASED,
        "",
        queue_id=earlier.queue_id if earlier else None,
        started_at=earlier.started_at if earlier else None,
        subscriber_id=subscriber.subscriber_id if subscriber else None,
    )


def _without_closed_attempt(row: DueRow, batch: Batch) -> DueRow:
    """Forget a queue row that is not an open attempt of segmail.

    A row that somebody scheduled again by hand refers to a message that was sent; it gets a queue
    row of its own.
    """
    if row.queue_id is None:
        return row
    earlier = batch.earlier.get(row.progress_id)
    if earlier is not None and earlier.status in (QueueStatus.PAUSE, QueueStatus.CANCEL):
        return row
    return replace(row, queue_id=None)


def _wait_reason(row: DueRow, batch: Batch) -> str | None:
    """Return why a row must wait: another mail of the same step is on its way to the customer."""
    key = batch.counts.key(row)
    under_way = batch.counts.in_flight.get(key, 0) + (key in batch.taken)
    sent = batch.counts.sent.get(key, 0)
    if row.step.most_sends and under_way and sent + under_way >= row.step.most_sends:
        return "another mail of this step is on its way to this customer"
    return None
