"""Decides for every row of a batch what is to be done, and prepares the messages to be sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from segmail.coupons import Coupon, own_unused_coupons
from segmail.coupons import EarlierAttempt as EarlierCoupon
from segmail.delivery.attempts import EarlierAttempt, load_earlier_attempts
from segmail.delivery.eligible import SendCounts, skip_reason
from segmail.delivery.journal import Journal
from segmail.delivery.prepare import CouponBasis, Preparer
from segmail.delivery.recover import recover
from segmail.delivery.rows import DueRow, Outcome, Prepared, QueueStatus, Status
from segmail.errors import StepError
from segmail.maho.customers import Customer, Subscriber, load_customers, load_subscribers
from segmail.maho.rules import Rule, load_rules, load_uses
from segmail.maho.shop import Shop
from segmail.settings import DeliverySettings


@dataclass(frozen=True)
class Plan:
    """A batch, decided: rows that come to their end here, and messages to send.

    `problems` counts the earlier tries of a progress row that ended without delivery.
    """

    outcomes: Sequence[Outcome]
    prepared: Sequence[Prepared]
    problems: Mapping[int, int]


@dataclass(frozen=True)
class _Batch:
    """What was read for a batch, each with one statement."""

    customers: Mapping[int, Customer]
    subscribers: Mapping[int, Subscriber]
    counts: SendCounts
    rules: Mapping[int, Rule]
    rule_uses: Mapping[tuple[int, int], int]  # by rule and customer
    earlier: Mapping[int, EarlierAttempt]
    coupons: Mapping[int, Coupon]  # by progress id: made by an earlier attempt of the row
    taken: set[tuple[int, int]] = field(default_factory=set)  # (customer, step) of this batch

    def basis_of(self, row: DueRow) -> CouponBasis:
        """Return from what the coupon of a row is made."""
        if row.step.rule_id is None:
            return CouponBasis(None)
        return CouponBasis(
            self.rules.get(row.step.rule_id),
            self.rule_uses.get((row.step.rule_id, row.customer_id), 0),
            self.coupons.get(row.progress_id),
        )


class Planner:
    """Plans batches of one run."""

    def __init__(
        self,
        shop: Shop,
        preparer: Preparer,
        journal: Journal,
        settings: DeliverySettings,
        held_until: Mapping[int, datetime],
    ) -> None:
        self._shop = shop
        self._preparer = preparer
        self._journal = journal
        self._settings = settings
        self._held_until = held_until

    def plan(self, rows: Sequence[DueRow], *, now: datetime) -> Plan:
        """Decide about `rows` as the shop is now; nothing is written."""
        batch = self._load(rows, now)
        outcomes: list[Outcome] = []
        prepared: list[Prepared] = []
        for row in rows:
            result = self._decide(_without_foreign_attempt(row, batch), batch, now)
            if isinstance(result, Prepared):
                prepared.append(result)
            else:
                outcomes.append(result)
        problems = {
            row.progress_id: batch.earlier[row.queue_id].problems
            for row in rows
            if row.queue_id is not None and row.queue_id in batch.earlier
        }
        return Plan(outcomes, prepared, problems)

    def _load(self, rows: Sequence[DueRow], now: datetime) -> _Batch:
        tables = self._shop.tables
        ids = {row.customer_id for row in rows}
        with self._shop.database.read() as connection:
            earlier = load_earlier_attempts(
                connection, tables, {row.queue_id for row in rows if row.queue_id}
            )
            customers = load_customers(
                connection,
                tables,
                ids,
                self._preparer.needed_attributes,
                self._preparer.attributes,
            )
            subscribers = load_subscribers(connection, tables, ids)
            rules = load_rules(connection, tables, _rule_ids(rows))
            uses = load_uses(connection, tables, rules.values(), ids)
            coupons = own_unused_coupons(
                connection,
                tables,
                self._earlier_coupons(rows, earlier, customers, subscribers, now),
            )
            counts = SendCounts.load(connection, tables, rows)
        return _Batch(customers, subscribers, counts, rules, uses, earlier, coupons)

    def _earlier_coupons(
        self,
        rows: Sequence[DueRow],
        earlier: Mapping[int, EarlierAttempt],
        customers: Mapping[int, Customer],
        subscribers: Mapping[int, Subscriber],
        now: datetime,
    ) -> dict[int, EarlierCoupon]:
        found = {}
        for row in rows:
            attempt = earlier.get(row.queue_id) if row.queue_id else None
            customer, subscriber = customers.get(row.customer_id), subscribers.get(row.customer_id)
            if attempt and customer and subscriber and row.step.rule_id is not None:
                local = self._preparer.addressee(customer, subscriber).locale.local(now)
                found[row.progress_id] = EarlierCoupon(
                    row.customer_id, row.step.rule_id, row.step.coupon_prefix, attempt.text, local
                )
        return found

    def _decide(self, row: DueRow, batch: _Batch, now: datetime) -> Prepared | Outcome:
        earlier = batch.earlier.get(row.queue_id) if row.queue_id else None
        grace = timedelta(minutes=self._settings.grace_minutes)
        subscriber = batch.subscribers.get(row.customer_id)
        if earlier and (known := recover(row, earlier, self._journal, now=now, grace=grace)):
            return replace(known, subscriber_id=subscriber.subscriber_id if subscriber else None)
        undecided = Outcome(
            row,
            Status.SKIPPED,
            "",
            queue_id=row.queue_id if earlier and earlier.status == QueueStatus.PAUSE else None,
            subscriber_id=subscriber.subscriber_id if subscriber else None,
        )
        customer = batch.customers.get(row.customer_id)
        reason = skip_reason(
            row,
            customer,
            subscriber,
            batch.counts,
            layout=self._shop.layout,
            now=now,
            held_until=self._held_until.get(row.step.segment.segment_id),
            stale_after=timedelta(days=self._settings.stale_days),
        )
        if reason is not None or customer is None or subscriber is None:
            return replace(undecided, reason=reason or "")
        if reason := _wait_reason(row, batch):
            return replace(undecided, status=Status.RELEASED, reason=reason)
        return self._prepare(row, customer, subscriber, batch, undecided, now)

    def _prepare(
        self,
        row: DueRow,
        customer: Customer,
        subscriber: Subscriber,
        batch: _Batch,
        undecided: Outcome,
        now: datetime,
    ) -> Prepared | Outcome:
        try:
            addressee = self._preparer.addressee(customer, subscriber)
            prepared = self._preparer.prepare(row, addressee, batch.basis_of(row), now=now)
        except StepError as error:
            return replace(undecided, status=Status.FAILED, reason=str(error), error=error)
        batch.taken.add((row.customer_id, row.step.sequence_id))
        return prepared


def _without_foreign_attempt(row: DueRow, batch: _Batch) -> DueRow:
    """Forget a queue row that is not an open attempt of segmail's.

    A row that somebody scheduled again by hand points to a message that was sent; it gets a
    queue row of its own.
    """
    earlier = batch.earlier.get(row.queue_id) if row.queue_id else None
    if earlier and earlier.status in (QueueStatus.PAUSE, QueueStatus.CANCEL):
        return row
    return replace(row, queue_id=None)


def _wait_reason(row: DueRow, batch: _Batch) -> str | None:
    """Return why a row must wait: another mail of the same step is on its way to the customer."""
    key = (row.customer_id, row.step.sequence_id)
    under_way = batch.counts.in_flight.get(key, 0) + (key in batch.taken)
    sent = batch.counts.sent.get(key, 0)
    if row.step.max_sends and under_way and sent + under_way >= row.step.max_sends:
        return "another mail of this step is on its way to this customer"
    return None


def _rule_ids(rows: Collection[DueRow]) -> set[int]:
    return {row.step.rule_id for row in rows if row.step.generate_coupon and row.step.rule_id}
