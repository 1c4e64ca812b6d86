"""What is read about the rows of a batch, with a constant number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from segmail.coupons import (
    Asking,
    Coupon,
    CouponBasis,
    EarlierCoupon,
    coupons_of_earlier_steps,
    own_unused_coupons,
)
from segmail.delivery.decide.distance import EarlierSteps, load_earlier_steps
from segmail.delivery.decide.eligible import CountKey, RowFacts, SendCounts
from segmail.delivery.decide.policy_stops import load_stopped
from segmail.delivery.decide.shop_state import ShopState, ShopStates
from segmail.delivery.decide.timetable import Timetable
from segmail.delivery.rows.attempts import EarlierAttempt, load_earlier_attempts
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import attempt_key
from segmail.maho.customers import Customer, Subscriber, load_customers, load_subscribers
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.rules import Rule, load_rules
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.mail.due_row import DueRow
from segmail.mail.items.reader import BatchItems
from segmail.mail.prepare import Preparer
from segmail.mail.variables import Addressee
from segmail.sending_rules import SendingRules


@dataclass(frozen=True)
class Batch:
    """The shop's side of a batch of due rows."""

    customers: Mapping[int, Customer]
    subscribers: Mapping[int, Subscriber]  # by customer id
    counts: SendCounts
    rules: Mapping[int, Rule]
    earlier: Mapping[int, EarlierAttempt]  # by progress id
    coupons: Mapping[int, Coupon]  # by progress id: one made by that earlier attempt
    verdicts: Mapping[str, Verdict]  # what the journal knows about attempts in flight
    stopped: Mapping[int, str]  # by progress id: why a policy of the segment stops the row
    given: Mapping[int, CouponBasis]  # by progress id: the coupon of an earlier step of its run
    items: BatchItems  # the carts, orders and products that the mails show
    state: ShopState
    earlier_steps: EarlierSteps
    timetable: Timetable
    addressees: dict[int, Addressee] = field(default_factory=dict)  # by customer id, once asked for
    taken: set[CountKey] = field(default_factory=set)  # messages prepared so far
    ended: set[int] = field(default_factory=set)  # progress ids that have ended so far

    def verdict_on(self, row: DueRow) -> Verdict:
        """Return what this host's journal knows about the row's earlier attempt."""
        return self.verdicts[_key(row, self.earlier[row.progress_id])]

    def facts_of(self, row: DueRow) -> RowFacts:
        """Return the facts that decide whether the row may be sent."""
        subscriber = self.subscribers.get(row.customer_id)
        return RowFacts(
            self.customers.get(row.customer_id),
            subscriber,
            self.counts,
            self.stopped.get(row.progress_id),
            refused=is_refused(self.state, subscriber),
        )

    def basis_of(self, row: DueRow) -> CouponBasis:
        """Return the facts from which a row's coupon is made."""
        if not row.step.generate_coupon or row.step.rule_id is None:
            return self.given.get(row.progress_id, CouponBasis(None))
        return CouponBasis(
            self.rules.get(row.step.rule_id),
            self.coupons.get(row.progress_id),
        )


def load_batch(
    shop: Shop,
    preparer: Preparer,
    journal: Journal,
    states: ShopStates,
    rows: Sequence[DueRow],
    sending_rules: SendingRules,
    *,
    now: datetime,
) -> Batch:
    """Read what is needed to decide about `rows` and to prepare their messages."""
    state = states.current()
    ids = {row.customer_id for row in rows}
    with shop.read() as tx:
        customers = load_customers(tx, ids, preparer.needed_attributes, preparer.attributes)
        subscribers = load_subscribers(tx, ids)
        gives = [row.step for row in rows if row.step.generate_coupon]
        rules = load_rules(tx, {step.rule_id for step in gives if step.rule_id}, ids)
        counts = SendCounts.load(tx, rows, state.by_run())
        stopped = load_stopped(tx, rows, state, states.conditions, now=now)
        earlier_steps = load_earlier_steps(
            tx,
            rows,
            state.steps,
            begun_until=max((row.lease_until for row in rows), default=now),
        )
        timetable = Timetable.load(tx, rows, state, sending_rules, now=now)
        earlier = _earlier(tx, rows)
        made = _earlier_coupons(rows, earlier, customers, subscribers, preparer, now)
        coupons = own_unused_coupons(tx, made)
        asked = _addressees(rows, customers, subscribers, preparer)
        asking = [
            Asking(
                row.progress_id,
                row.customer_id,
                row.step.segment.segment_id,
                row.created_at,
                addressee.locale.local(now),
            )
            for row, addressee in asked
            if not row.step.generate_coupon and preparer.names_coupon(row.step)
        ]
        given = coupons_of_earlier_steps(tx, asking)
        items = preparer.load_items(
            tx, [(row.step, addressee) for row, addressee in asked], now=now
        )
    in_flight = {
        _key(row, earlier[row.progress_id])
        for row in rows
        if row.progress_id in earlier and earlier[row.progress_id].status == QueueStatus.PAUSE
    }
    verdicts = journal.verdicts(in_flight)
    return Batch(
        customers,
        subscribers,
        counts,
        rules,
        earlier,
        coupons,
        verdicts,
        stopped,
        given,
        items,
        state,
        earlier_steps,
        timetable,
    )


def _addressees(
    rows: Sequence[DueRow],
    customers: Mapping[int, Customer],
    subscribers: Mapping[int, Subscriber],
    preparer: Preparer,
) -> list[tuple[DueRow, Addressee]]:
    """Return the rows whose mails show more than the customer, with their addressees."""
    return [
        (row, preparer.addressee(customers[row.customer_id], subscribers[row.customer_id]))
        for row in rows
        if row.customer_id in customers
        and row.customer_id in subscribers
        and preparer.shows_items(row.step)
    ]


def is_refused(state: ShopState, subscriber: Subscriber | None) -> bool:
    """Return whether a subscriber's address has unsubscribed through another subscription."""
    return subscriber is not None and state.refused.has(subscriber.store_id, subscriber.email)


def _earlier(tx: Transaction, rows: Sequence[DueRow]) -> dict[int, EarlierAttempt]:
    ids = {row.queue_id for row in rows if row.queue_id is not None}
    attempts = load_earlier_attempts(tx, ids)
    return {row.progress_id: attempts[row.queue_id] for row in rows if row.queue_id in attempts}


def _earlier_coupons(
    rows: Sequence[DueRow],
    earlier: Mapping[int, EarlierAttempt],
    customers: Mapping[int, Customer],
    subscribers: Mapping[int, Subscriber],
    preparer: Preparer,
    now: datetime,
) -> dict[int, EarlierCoupon]:
    found = {}
    for row in rows:
        attempt, subscriber = earlier.get(row.progress_id), subscribers.get(row.customer_id)
        if attempt is None or subscriber is None or row.step.rule_id is None:
            continue
        locale = preparer.addressee(customers[row.customer_id], subscriber).locale
        found[row.progress_id] = EarlierCoupon(
            row.customer_id,
            row.step.rule_id,
            row.step.coupon_prefix,
            attempt.text,
            locale.local(now),
        )
    return found


def _key(row: DueRow, earlier: EarlierAttempt) -> str:
    return attempt_key(earlier.queue_id, row.progress_id, earlier.started_at)
