"""Whether a due row may be sent now, checked at the moment of sending (SPEC job 1, step 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, not_, null, or_, select

from segmail.maho.customer_conditions import SWITCHED_OFF, UNSUBSCRIBED
from segmail.maho.customers import Customer, Subscriber, SubscriberStatus
from segmail.maho.db.value_lists import among
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.progress import ProgressStatus, has_status
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.mail.due_row import DueRow
from segmail.settings import DeliverySettings

REFUSED = "the address has unsubscribed from the newsletter by another subscription"


# A customer, a step, and the run's beginning if `max_sends` counts within the run.
CountKey = tuple[int, int, datetime | None]


@dataclass(frozen=True)
class SendCounts:
    """How often each step was sent to a customer, and how many of its mails are in flight.

    They are counted for ever or, in the segments `by_run`, within the run: the rows with the same
    `created_at`.
    """

    sent: Mapping[CountKey, int]
    in_flight: Mapping[CountKey, int]
    by_run: Collection[int]

    def key(self, row: DueRow) -> CountKey:
        """Return the key under which a row is counted."""
        run = row.created_at if row.step.segment.segment_id in self.by_run else None
        return row.customer_id, row.step.sequence_id, run

    @classmethod
    def load(
        cls,
        tx: Transaction,
        rows: Collection[DueRow],
        by_run: Collection[int],
    ) -> SendCounts:
        """Count for the customers and steps of `rows`, without those rows themselves.

        `by_run` are the ids of the segments in which each entry is a new run.
        """
        c = tx.tables.progress.c
        run = case((c.segment_id.in_(by_run), c.created_at)) if by_run else null()
        in_flight = tx.tables.queue.c.queue_status == QueueStatus.PAUSE
        query = (
            select(c.customer_id, c.sequence_id, run.label("run"), c.status, func.count())
            .join_from(
                tx.tables.progress,
                tx.tables.queue,
                tx.tables.queue.c.queue_id == c.queue_id,
                isouter=True,
            )
            .where(
                among(c.customer_id, {row.customer_id for row in rows}),
                c.sequence_id.in_({row.step.sequence_id for row in rows}),
                not_(among(c.progress_id, [row.progress_id for row in rows])),
                or_(has_status(tx.tables, ProgressStatus.SENT), in_flight),
            )
            .group_by(c.customer_id, c.sequence_id, *([run] if by_run else []), c.status)
        )
        sent: dict[CountKey, int] = {}
        flying: dict[CountKey, int] = {}
        for customer_id, sequence_id, began, status, count in tx.connection.execute(query):
            counts = sent if status == ProgressStatus.SENT else flying
            key = (customer_id, sequence_id, began)
            counts[key] = counts.get(key, 0) + count
        return cls(sent, flying, by_run)


@dataclass(frozen=True)
class RunFacts:
    """What holds for a whole run.

    `held_until` says, per segment, when it was last seen switched off; `stale_after` is how late a
    row may be, None: no limit.
    """

    layout: Layout
    held_until: Mapping[int, datetime]
    stale_after: timedelta | None


@dataclass(frozen=True)
class RowFacts:
    """What the shop says about a row now.

    `stopped` is why a policy of the segment stops it; `refused` is whether the address has
    unsubscribed in the same store through another subscription.
    """

    customer: Customer | None
    subscriber: Subscriber | None
    counts: SendCounts
    stopped: str | None
    refused: bool = False


def stale_after(settings: DeliverySettings) -> timedelta | None:
    """Return how late a row may be; None: no limit."""
    return timedelta(days=settings.stale_days) if settings.stale_days else None


def skip_reason(row: DueRow, facts: RowFacts, rules: RunFacts, *, now: datetime) -> str | None:
    """Return why this row must not be sent, in words for the history; None if it may be."""
    held_until = rules.held_until.get(row.step.segment.segment_id)
    return (
        _step_reason(row, rules.layout)
        or _stale_reason(row, held_until, now, rules.stale_after)
        or _customer_reason(facts.customer)
        or _subscriber_reason(facts.subscriber)
        or (REFUSED if facts.refused else None)
        or facts.stopped
        or _count_reason(row, facts.counts)
    )


def ends_run(row: DueRow, facts: RowFacts, rules: RunFacts) -> bool:
    """Return whether the reason not to send holds for ever: a repeat of the step ends, too."""
    over = _step_reason(row, rules.layout) or facts.stopped
    return over is not None or facts.customer is None


def _step_reason(row: DueRow, layout: Layout) -> str | None:
    if not row.step.is_active:
        return SWITCHED_OFF
    if row.trigger_type != row.step.trigger:
        whose = "segment" if layout is Layout.SPEC else "step"
        return f"the {whose}'s trigger is '{row.step.trigger}' now"
    return None


def _stale_reason(
    row: DueRow, held_until: datetime | None, now: datetime, stale_after: timedelta | None
) -> str | None:
    """Return whether a row is late, counted from its column's time: a postponed row is not."""
    if stale_after is None or now - row.seen_at <= stale_after:
        return None
    days = stale_after.days
    if held_until is None or row.seen_at > held_until:
        return f"stale: it was due more than {days} days ago"
    return (
        f"stale: it was held back for more than {days} days, because the segment was switched off"
    )


def _customer_reason(customer: Customer | None) -> str | None:
    if customer is None:
        return "the customer does not exist any more"
    if not customer.is_active:
        return "the customer's account is inactive"
    if not customer.email:
        return "the customer has no e-mail address"
    return None


def _subscriber_reason(subscriber: Subscriber | None) -> str | None:
    if subscriber is None:
        return "the customer is not subscribed to the newsletter"
    if subscriber.status != SubscriberStatus.SUBSCRIBED:
        return UNSUBSCRIBED
    if not subscriber.email:
        return "the newsletter subscription has no e-mail address"
    return None


def _count_reason(row: DueRow, counts: SendCounts) -> str | None:
    sent = counts.sent.get(counts.key(row), 0)
    if row.step.most_sends and sent >= row.step.most_sends:
        return f"max_sends reached: this step was sent {sent} of {row.step.most_sends} times"
    return None
