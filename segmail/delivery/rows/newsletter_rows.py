"""What the newsletter's own tables say about an attempt once it is over, as Maho's admin shows it.

The queue row is closed, a link row names the subscriber who got the mail, a problem row the reason
why somebody did not; a message that never left leaves no trace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, exists, insert, select, update

from segmail.delivery.rows.attempts import insert_failed_queue_rows
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.maho.db.insert import write_rows
from segmail.maho.db.locking import locking
from segmail.maho.db.value_lists import among, chosen_by
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.reasons import NOT_SENT, find_reasons, told
from segmail.maho.schema.transaction import Transaction
from segmail.mail.column_limits import storable_text

_PROBLEM_CHARACTERS = 200  # newsletter_problem.problem_error_text

_TOLD = (Status.FAILED, Status.DEFERRED, Status.SKIPPED)  # statuses that leave a problem row
_REFERRING = (Status.SENT, Status.FAILED, Status.DEFERRED)  # statuses that name the subscriber


@dataclass(frozen=True)
class NewsletterRows:
    """The newsletter's rows of some attempts, in the transaction that settles them."""

    tx: Transaction
    now: datetime

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Close the queue rows, link those whom they reached, and record why others were not."""
        if not outcomes:
            return
        subscribers = self._existing_subscribers(outcomes)
        self.close_queue({o.queue_id: o.status is Status.SENT for o in outcomes if o.queue_id})
        self._link(outcomes, subscribers)
        self._report_problems(outcomes, subscribers)

    def tell_failures(self, failed: Sequence[Outcome]) -> list[Outcome]:
        """Record why rows failed before they had an attempt; return them with their queue rows.

        Each gets a queue row for its reason: that of an earlier try, or a new one.
        """
        new = [o for o in failed if o.row.queue_id is None]
        ids = insert_failed_queue_rows(self.tx, [o.row for o in new], now=self.now)
        again = [replace(o, queue_id=o.row.queue_id) for o in failed if o.row.queue_id]
        all_ = [*again, *(replace(o, queue_id=id) for o, id in zip(new, ids, strict=True))]
        self._report_problems(all_, self._existing_subscribers(all_))
        return all_

    def tell_skips(self, skipped: Sequence[Outcome]) -> list[Outcome]:
        """Record why rows without an open attempt are not sent; return them with their queue rows.

        The queue row of an earlier try gets a problem row; other rows share one for each step and
        reason.
        """
        tried = [replace(o, queue_id=o.row.queue_id) for o in skipped if o.row.queue_id]
        if tried:
            self._report_problems(tried, set())
        new = [o for o in skipped if not o.row.queue_id]
        endings = {(o.row.step.sequence_id, o.reason) for o in new}
        ids = find_reasons(self.tx, endings, now=self.now)
        shared = [replace(o, queue_id=ids.get((o.row.step.sequence_id, o.reason))) for o in new]
        return [*tried, *shared]

    def take_back_stops(self, queue_ids: Collection[int]) -> None:
        """Delete the records that these messages are not sent: they were, or may have been."""
        if queue_ids:
            c = self.tx.tables.problem.c
            self.tx.connection.execute(
                delete(self.tx.tables.problem).where(
                    c.queue_id.in_(queue_ids), c.problem_error_text.startswith(NOT_SENT)
                )
            )

    def forget(self, undone: Sequence[Outcome]) -> None:
        """Delete the queue rows and coupons of messages that never left.

        If the progress row was ended meanwhile, its queue row stays: it has the reason.
        """
        if not undone:
            return
        queue, progress = self.tx.tables.queue, self.tx.tables.progress
        is_used = exists().where(progress.c.queue_id == queue.c.queue_id)
        self.tx.connection.execute(
            delete(queue).where(queue.c.queue_id.in_([o.queue_id for o in undone]), ~is_used)
        )
        self.take_back_coupons(undone)

    def take_back_coupons(self, unsent: Sequence[Outcome]) -> None:
        """Delete the coupons that were made for messages which never left."""
        coupon, codes = self.tx.tables.coupon, [o.coupon_code for o in unsent if o.coupon_code]
        if codes:
            self.tx.connection.execute(
                delete(coupon).where(coupon.c.code.in_(codes), coupon.c.times_used == 0)
            )

    def _existing_subscribers(self, outcomes: Sequence[Outcome]) -> set[int]:
        """Return the subscribers of these rows that still exist, and lock them until commit."""
        wanted = {o.subscriber_id for o in outcomes if o.subscriber_id and o.status in _REFERRING}
        if not wanted:
            return set()
        s = self.tx.tables.subscriber.c
        query = select(s.subscriber_id).where(among(s.subscriber_id, wanted))
        return set(
            self.tx.connection.scalars(locking(query, self.tx.tables.subscriber, shared=True))
        )

    def close_queue(self, were_sent: Mapping[int, bool]) -> None:
        """Close the queue rows, by id, as sent or cancelled."""
        q = self.tx.tables.queue.c
        sent, not_sent = int(QueueStatus.SENT), int(QueueStatus.CANCEL)
        statuses = {queue_id: sent if it else not_sent for queue_id, it in were_sent.items()}
        self.tx.connection.execute(
            update(self.tx.tables.queue)
            .where(among(q.queue_id, statuses))
            .values(
                queue_status=chosen_by(q.queue_id, statuses, q.queue_status),
                queue_finish_at=self.now,
            )
        )

    def _link(self, outcomes: Sequence[Outcome], subscribers: set[int]) -> None:
        """Insert the link rows with which Maho's admin shows who received a message."""
        links = [
            {
                "queue_id": o.queue_id,
                "subscriber_id": o.subscriber_id,
                "letter_sent_at": o.at or self.now,
            }
            for o in outcomes
            if o.status is Status.SENT and o.subscriber_id in subscribers
        ]
        write_rows(self.tx.connection, self.tx.tables.queue_link, links)

    def _report_problems(self, outcomes: Sequence[Outcome], subscribers: set[int]) -> None:
        """Insert the reasons for Maho's newsletter problem report and the history."""
        problems = [
            {
                "queue_id": o.queue_id,
                "subscriber_id": o.subscriber_id if o.subscriber_id in subscribers else None,
                "problem_error_code": o.code,
                "problem_error_text": _problem(o),
            }
            for o in outcomes
            if o.status in _TOLD
        ]
        if problems:
            self.tx.connection.execute(insert(self.tx.tables.problem), problems)


def _problem(outcome: Outcome) -> str:
    if outcome.status is Status.SKIPPED:
        return told(outcome.reason)
    return _shortened(storable_text(outcome.reason, four_bytes=False))


def _shortened(reason: str) -> str:
    fits = len(reason) <= _PROBLEM_CHARACTERS
    return reason if fits else f"{reason[: _PROBLEM_CHARACTERS - 1]}…"
