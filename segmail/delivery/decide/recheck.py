"""Checks again whether messages that were recorded but not begun may still be sent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from segmail.delivery.decide.batch import is_refused
from segmail.delivery.decide.eligible import (
    RowFacts,
    RunFacts,
    SendCounts,
    ends_run,
    skip_reason,
)
from segmail.delivery.decide.plan import as_it_is_now, hold_reason
from segmail.delivery.decide.policy_stops import load_stopped
from segmail.delivery.decide.shop_state import ShopState, ShopStates
from segmail.delivery.rows.outcome import Attempt, Outcome, Status, outcome_of
from segmail.maho.customers import Customer, load_customers, load_subscribers
from segmail.maho.progress import ProgressStatus, load_rows
from segmail.maho.rules import Rule, load_rules
from segmail.maho.shop import Shop

_NO_COUNTS = SendCounts({}, {}, ())


class Recheck:
    """Checks messages again, all together, with a constant number of statements.

    One more for each segment whose conditions are asked, and one if messages show coupons.
    """

    def __init__(self, shop: Shop, states: ShopStates, rules: RunFacts) -> None:
        self._shop = shop
        self._states = states
        self._rules = rules

    def forbidden(
        self, attempts: Sequence[Attempt], *, now: datetime
    ) -> tuple[Mapping[int, Outcome], float]:
        """Return the outcomes, by queue id, of messages that must no longer be begun.

        Also returns since when (`time.monotonic`) this is known about all of them.
        """
        began = time.monotonic()
        state = self._states.current()
        rows = [as_it_is_now(attempt.prepared.row, state) for attempt in attempts]
        ids = {row.customer_id for row in rows}
        shown = [it.prepared.shown_coupon for it in attempts]
        with self._shop.read() as tx:
            found = load_rows(tx, [row.progress_id for row in rows])
            customers = load_customers(tx, ids, (), None)
            subscribers = load_subscribers(tx, ids)
            stopped = load_stopped(tx, rows, state, self._states.conditions, now=now)
            rules = load_rules(tx, {it.coupon.rule_id for it in shown if it}, ids)
        outcomes = {}
        for attempt, row in zip(attempts, rows, strict=True):
            subscriber = subscribers.get(row.customer_id)
            facts = RowFacts(
                customers.get(row.customer_id),
                subscriber,
                _NO_COUNTS,
                stopped.get(row.progress_id),
                refused=is_refused(state, subscriber),
            )
            outcome = self._outcome(attempt, found.get(row.progress_id), facts, state, now)
            if outcome := outcome or _without_coupon(attempt, rules, facts.customer, now):
                outcomes[attempt.queue_id] = outcome
        return outcomes, min(began, state.read_at)

    def _outcome(
        self,
        attempt: Attempt,
        found: Row[Any] | None,
        facts: RowFacts,
        state: ShopState,
        now: datetime,
    ) -> Outcome | None:
        row = attempt.prepared.row
        current = as_it_is_now(row, state)
        skip = skip_reason(current, facts, self._rules, now=now)
        over = ends_run(current, facts, self._rules)
        if found is None:
            return outcome_of(attempt, Status.SKIPPED, skip or "its row was deleted meanwhile")
        if found.status != ProgressStatus.SCHEDULED:
            ended = f"it was ended elsewhere meanwhile, as '{found.status}'"
            told = f"{ended}: {skip}" if skip else ended
            return replace(outcome_of(attempt, Status.SKIPPED, told), ends_run=over)
        if found.queue_id != attempt.queue_id or found.scheduled_at != row.lease_until:
            changed = outcome_of(attempt, Status.RELEASED, "it was scheduled anew meanwhile")
            return replace(changed, retry_at=found.scheduled_at)
        if hold := hold_reason(row, state):
            return outcome_of(attempt, Status.RELEASED, hold)
        if skip:
            return replace(outcome_of(attempt, Status.SKIPPED, skip), ends_run=over)
        if facts.subscriber and facts.subscriber.email != attempt.prepared.subscriber.email:
            return outcome_of(attempt, Status.RELEASED, "the customer's address was changed")
        return None


def _without_coupon(
    attempt: Attempt, rules: Mapping[int, Rule], customer: Customer | None, now: datetime
) -> Outcome | None:
    """Return the outcome of a message whose coupon the checkout would refuse meanwhile.

    It fails as it would have when it was planned. One that could be sent without that coupon, or
    with a new one, is composed again.
    """
    shown = attempt.prepared.shown_coupon
    if shown is None:
        return None
    fault = shown.fault(rules.get(shown.coupon.rule_id), customer, now=now)
    if fault and not shown.is_lent:
        return outcome_of(attempt, Status.FAILED, fault)
    if fault or shown.has_expired(now=now):
        told = fault or f"coupon {shown.coupon.code} has expired"
        return outcome_of(attempt, Status.RELEASED, f"it would show a coupon that ended: {told}")
    return None
