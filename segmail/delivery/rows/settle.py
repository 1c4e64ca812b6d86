"""Records what became of rows, a group at a time, each group in one short transaction.

A message that was sent is settled by its attempt (`queue_id`), not by the row's status: a row that
a refresh stopped while its mail was in flight becomes `sent` all the same, because it was. The
queue row's own status guards the attempt, so that a group can be settled again after a lost
connection without a second link or problem row. `scheduled_at` returns to its value before the
claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, select

from segmail.delivery.rows.newsletter_rows import NewsletterRows
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.maho.db.locking import locking
from segmail.maho.db.value_lists import among
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.progress import ProgressStatus, Settlement, lock_held, settle
from segmail.maho.reasons import NOT_SENT
from segmail.maho.repeating import continue_repeats
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

_ENDED = (Status.SENT, Status.SKIPPED, Status.FAILED)


class _QueueRow(NamedTuple):
    """An attempt's queue row; `stopped`: whether its mail was stopped meanwhile."""

    status: int
    started_at: datetime | None
    stopped: bool


class Settler:
    """Settles outcomes on the shop's tables."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def settle(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Record what became of these rows; safe to repeat."""
        now = now.replace(microsecond=0)

        def work(tx: Transaction) -> None:
            self._settle_attempts(tx, [o for o in outcomes if o.queue_id], now)
            self._settle_rows(tx, [o for o in outcomes if not o.queue_id], now)

        if outcomes:
            self._shop.transact(work, idempotent=True)

    def _settle_attempts(self, tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Settle rows that have a queue row, unless somebody has settled that attempt before."""
        if not outcomes:
            return
        q = tx.tables.queue.c
        problem = tx.tables.problem.c
        stopped = exists().where(
            problem.queue_id == q.queue_id, problem.problem_error_text.startswith(NOT_SENT)
        )
        query = select(q.queue_id, q.queue_status, q.queue_start_at, stopped).where(
            among(q.queue_id, [o.queue_id for o in outcomes])
        )
        locked = tx.connection.execute(locking(query, tx.tables.queue)).all()
        found = {id: _QueueRow(*row) for id, *row in locked}
        ours = [o for o in outcomes if _is_open(o, found.get(o.queue_id))]
        with_queue = [o for o in ours if o.queue_id in found]
        newsletter = NewsletterRows(tx, now)
        newsletter.close(with_queue)
        newsletter.take_back_stops(
            [o.queue_id for o in with_queue if o.queue_id and found[o.queue_id].stopped and o.left]
        )
        settle(tx, [_settlement(o, now) for o in ours])
        ended = {o.queue_id for o in with_queue if found[o.queue_id or 0].stopped}
        _repeat(tx, [o for o in ours if o.queue_id not in ended], now)
        newsletter.take_back_coupons([o for o in with_queue if o.status is Status.SKIPPED])
        newsletter.forget([o for o in with_queue if _is_undone(o)])

    def _settle_rows(self, tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Settle rows that were never recorded: skipped, released, or failed before the record."""
        if not outcomes:
            return
        leases = {o.row.progress_id: o.row.lease_until for o in outcomes}
        held = lock_held(tx, leases)
        ours = [o for o in outcomes if o.row.progress_id in held]
        newsletter = NewsletterRows(tx, now)
        failed = newsletter.tell_failures([o for o in ours if o.status is Status.FAILED])
        skipped = newsletter.tell_skips([o for o in ours if o.status is Status.SKIPPED])
        rest = [o for o in ours if o.status not in (Status.FAILED, Status.SKIPPED)]
        settle(tx, [_settlement(o, now) for o in (*failed, *skipped, *rest)])
        _repeat(tx, ours, now)


def _repeat(tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Schedule the next repeats, except of runs that others have ended meanwhile."""
    steps = {o.row.progress_id: o.row.step for o in outcomes if not o.ends_run}
    continue_repeats(tx, steps, now=now)


def _is_open(outcome: Outcome, queue: _QueueRow | None) -> bool:
    """Return whether an attempt is still open, as far as its queue row tells.

    A run that was suspended beyond its lease finds that another run has taken over its attempts;
    then only what it has sent counts. An admin may have deleted a queue row: the mail was sent all
    the same.
    """
    if queue is None:
        return True
    is_same = outcome.started_at in (None, queue.started_at)
    return queue.status == QueueStatus.PAUSE and (is_same or outcome.status is Status.SENT)


def _is_undone(outcome: Outcome) -> bool:
    """Return whether an attempt leaves no trace: released, and no repetition of an earlier one."""
    never_left = outcome.status in (Status.RELEASED, Status.POSTPONED)
    return never_left and outcome.row.queue_id is None


def _settlement(outcome: Outcome, now: datetime) -> Settlement:
    kept = None if _is_undone(outcome) else outcome.queue_id or outcome.row.queue_id
    ended = outcome.status in _ENDED
    return Settlement(
        progress_id=outcome.row.progress_id,
        attempt=outcome.queue_id,
        lease_until=outcome.row.lease_until,
        status=ProgressStatus(outcome.status) if ended else ProgressStatus.SCHEDULED,
        scheduled_at=outcome.due_again,
        queue_id=kept,
        sent_at=outcome.at or now,
        left=outcome.left,
        reason=outcome.reason,
    )
