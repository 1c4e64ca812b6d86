"""Ends open attempts whose rows no run claims any more.

A run died while a mail was under way, and its row was ended, held back or deleted by others before
it came due again. As for rows that do come due (`recover`), this host's journal tells what became
of the mail: if it was accepted, the row is `sent`; if it was begun and never answered, the row is
`failed: interrupted`; if it was not begun, or refused, the row stays as it was ended. The attempt
itself is closed in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, insert, select

from segmail.delivery.log_lines import sent_line
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import REFUSED_BEFORE, UNDER_WAY
from segmail.log import logger
from segmail.maho.customers import load_subscribers
from segmail.maho.db.insert import write_rows
from segmail.maho.db.locking import locking
from segmail.maho.db.value_lists import among
from segmail.maho.ended_rows import ended_line
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.open_attempts import OpenAttempt, load_open_attempts, remember_oldest
from segmail.maho.progress import ProgressStatus, Settlement, settle
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step

# What becomes of a row, and the reason recorded for its attempt: one accepted or not begun needs
# none.
_UNKNOWN = ProgressStatus.FAILED, UNDER_WAY
_NOT_BEGUN = ProgressStatus.SCHEDULED, ""
_ENDS = {
    Verdict.ACCEPTED: (ProgressStatus.SENT, ""),
    Verdict.REFUSED: (ProgressStatus.FAILED, REFUSED_BEFORE),
    Verdict.RECORDED: _NOT_BEGUN,
    Verdict.DEFERRED: _NOT_BEGUN,
    Verdict.BEGUN: _UNKNOWN,
    Verdict.UNKNOWN: _UNKNOWN,
}
_BATCH = 500


@dataclass(frozen=True)
class Resolver:
    """Resolves what the runs of this and other hosts left open.

    `steps` are all steps by sequence id: scheduled rows of steps that are sent come due by
    themselves. An attempt is left alone for `lease`, and one of another host for `grace` more.
    """

    shop: Shop
    journal: Journal
    steps: Mapping[int, Step]
    lease: timedelta
    grace: timedelta

    def resolve(self, *, now: datetime) -> int:
        """End the attempts that are past their lease; return how many."""
        now = now.replace(microsecond=0)
        with self.shop.read() as tx:
            all_open = load_open_attempts(tx)
        over = [one for one in all_open if self._is_over(one, now)]
        # The journal is read only if there is something to look up.
        verdicts = self.journal.verdicts_by_queue_id({it.queue_id: it.started_at for it in over})
        asked = [
            one
            for one in over
            if verdicts[one.queue_id] is not Verdict.UNKNOWN
            or one.started_at is None
            or one.started_at + self.lease + self.grace <= now
        ]
        for start in range(0, len(asked), _BATCH):
            some = asked[start : start + _BATCH]
            close = partial(self._close, some=some, verdicts=verdicts, now=now)
            self.shop.transact(close, idempotent=True)
            _log(some, verdicts)
        closed = {one.queue_id for one in asked}
        still = [one.queue_id for one in all_open if one.queue_id not in closed]
        self.shop.transact(lambda tx: remember_oldest(tx, still), idempotent=True)
        return len(asked)

    def _is_over(self, one: OpenAttempt, now: datetime) -> bool:
        if one.started_at is not None and one.started_at + self.lease > now:
            return False
        step = self.steps.get(one.sequence_id or 0)
        comes_due = one.status == ProgressStatus.SCHEDULED and step and step.segment.sends
        return not comes_due

    def _close(
        self,
        tx: Transaction,
        some: Sequence[OpenAttempt],
        verdicts: Mapping[int, Verdict],
        now: datetime,
    ) -> None:
        """Close the attempts that are still open, under lock, with what became of their mails."""
        q = self.shop.tables.queue
        ids = [one.queue_id for one in some]
        query = select(q.c.queue_id).where(
            among(q.c.queue_id, ids), q.c.queue_status == QueueStatus.PAUSE
        )
        locked = set(tx.connection.scalars(locking(query, q)))
        ours = [one for one in some if one.queue_id in locked]
        if not ours:
            return
        # Imported here, with the policies: runs seldom find an attempt to close.
        from segmail.delivery.rows.newsletter_rows import NewsletterRows
        from segmail.maho.repeating import continue_repeats

        sent = [one for one in ours if verdicts[one.queue_id] is Verdict.ACCEPTED]
        newsletter = NewsletterRows(tx, now)
        newsletter.close_queue({one.queue_id: one in sent for one in ours})
        newsletter.take_back_stops([one.queue_id for one in sent])
        self._tell(tx.connection, ours, verdicts)
        self._link(tx, sent, now)
        settled = [
            settlement
            for one in ours
            if (settlement := self._settlement(one, verdicts[one.queue_id], now)) is not None
        ]
        settle(tx, settled)
        held = {
            one.progress_id: step
            for one in ours
            if one.progress_id is not None
            and one.status == ProgressStatus.SCHEDULED
            and (step := self.steps.get(one.sequence_id or 0)) is not None
        }
        continue_repeats(tx, held, now=now)

    def _tell(
        self,
        connection: Connection,
        ours: Sequence[OpenAttempt],
        verdicts: Mapping[int, Verdict],
    ) -> None:
        rows = [
            {"queue_id": it.queue_id, "problem_error_code": 0, "problem_error_text": reason}
            for it in ours
            if (reason := _ENDS[verdicts[it.queue_id]][1])
        ]
        if rows:
            connection.execute(insert(self.shop.tables.problem), rows)

    def _link(self, tx: Transaction, sent: Sequence[OpenAttempt], now: datetime) -> None:
        """Let Maho's admin show who received a mail."""
        customers = {one.customer_id for one in sent if one.customer_id is not None}
        subscribers = load_subscribers(tx, customers) if customers else {}
        rows = [
            {
                "queue_id": one.queue_id,
                "subscriber_id": subscribers[one.customer_id].subscriber_id,
                "letter_sent_at": one.started_at or now,
            }
            for one in sent
            if one.customer_id in subscribers
        ]
        write_rows(tx.connection, self.shop.tables.queue_link, rows)

    def _settlement(self, one: OpenAttempt, verdict: Verdict, now: datetime) -> Settlement | None:
        """Return what becomes of the row; None if it is gone."""
        if one.progress_id is None:
            return None
        step = self.steps.get(one.sequence_id or 0)
        planned = one.scheduled_at or now
        if step is not None and one.created_at is not None:
            planned = step.planned_at(one.created_at, planned)
        status, reason = _ENDS[verdict]
        return Settlement(
            progress_id=one.progress_id,
            attempt=one.queue_id,
            lease_until=one.scheduled_at or now,
            status=status,
            scheduled_at=planned,
            queue_id=one.queue_id,
            sent_at=one.started_at or now,
            left=verdict in (Verdict.ACCEPTED, Verdict.BEGUN, Verdict.UNKNOWN),
            reason=reason,
        )


def _log(some: Sequence[OpenAttempt], verdicts: Mapping[int, Verdict]) -> None:
    for one in some:
        verdict = verdicts[one.queue_id]
        if one.progress_id is None:
            logger.info("Closed attempt %d, whose row is gone: %s", one.queue_id, verdict)
        elif verdict is Verdict.ACCEPTED:
            logger.info("%s", sent_line(one.customer_id, one.template_id, one.queue_id))
        else:
            told = _ENDS[verdict][1] or "its mail was never begun; it stays as it was ended"
            verb = "Failed" if verdict in (Verdict.BEGUN, Verdict.UNKNOWN) else "Closed"
            line = ended_line(
                verb,
                one.step_number or 0,
                one.trigger_type or "",
                one.segment_id or 0,
                one.customer_id or 0,
                one.progress_id,
                told,
            )
            logger.info("%s", line)
