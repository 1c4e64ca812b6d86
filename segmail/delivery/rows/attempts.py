"""Attempt records: the `newsletter_queue` row of each message, written before it is sent.

While a message is in flight its queue row is on PAUSE, which none of Maho's crons touches, and has
no link row, so that nothing in Maho can send it a second time. A claimed row that already has a
queue row shows that an attempt was deferred, or that its run died.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from segmail.coupons import insert_coupons
from segmail.delivery.rows.outcome import Attempt, Outcome
from segmail.maho.db.foreign_keys import past_missing_rows
from segmail.maho.db.insert import insert_rows
from segmail.maho.db.moments import as_stored
from segmail.maho.newsletter_queue import AUTOMATION, QueueStatus
from segmail.maho.newsletters import TemplateType
from segmail.maho.problems import tries_since_retry
from segmail.maho.progress import lock_held, record_attempts
from segmail.maho.reasons import SOURCE as REASON
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.mail.column_limits import storable_text
from segmail.mail.due_row import DueRow, Prepared


@dataclass(frozen=True)
class EarlierAttempt:
    """The queue row that an earlier run left for a due row."""

    queue_id: int
    status: int
    started_at: datetime | None
    text: str
    problems: int  # tries that ended without delivery, since a person last scheduled it again


def load_earlier_attempts(tx: Transaction, queue_ids: Collection[int]) -> dict[int, EarlierAttempt]:
    """Return the earlier attempts by queue id, with one statement; none without rows.

    A reason that rows share is not an attempt: a row that somebody scheduled by hand may refer to
    it.
    """
    if not queue_ids:
        return {}
    q = tx.tables.queue.c
    query = select(
        q.queue_id,
        q.queue_status,
        q.queue_start_at,
        q.newsletter_text,
        tries_since_retry(tx.tables, q.queue_id),
    ).where(q.queue_id.in_(queue_ids), func.coalesce(q.automation_source, "") != REASON)
    return {
        row[0]: EarlierAttempt(row[0], row[1], row[2], row[3] or "", row[4])
        for row in tx.connection.execute(query)
    }


class Admitted(NamedTuple):
    """The messages that exceed no limit as they are recorded, and the outcomes of the others."""

    may_go: Sequence[Prepared]
    held: Sequence[Outcome] = ()


class Recorder:
    """Writes the attempts of a batch in one transaction: coupons, queue rows, progress."""

    def __init__(self, shop: Shop, *, four_bytes: bool) -> None:
        self._shop = shop
        self._four_bytes = four_bytes

    def record(
        self,
        prepared: Sequence[Prepared],
        *,
        now: datetime,
        before_commit: Callable[[list[Attempt]], None],
        admit: Callable[[Transaction, Sequence[Prepared]], Admitted],
    ) -> tuple[list[Attempt], Sequence[Outcome]]:
        """Record the messages that are still this run's; return their attempts, and what is held.

        A row that has lost its lease, or was stopped by a refresh since it was claimed, is left
        out. `before_commit` gets the attempts while they can still be rolled back (the journal).
        `admit` counts the messages once more in the same transaction, and may hold some.

        Raises CouponsRefused, with nothing written, if a coupon code already exists.
        """
        column = self._shop.tables.queue.c.queue_start_at

        def work(tx: Transaction) -> tuple[list[Attempt], Sequence[Outcome]]:
            started_at = as_stored(tx.connection, column, now)
            admitted = admit(tx, prepared)
            mine = self._still_mine(tx, admitted.may_go, now)
            insert_coupons(tx, [p.coupon for p in mine if p.coupon])
            attempts = self._write_queue(tx.connection, mine, started_at)
            if attempts:
                ids = {a.prepared.row.progress_id: a.queue_id for a in attempts}
                record_attempts(tx, ids)
            before_commit(attempts)
            return attempts, admitted.held

        return self._shop.transact(work) if prepared else ([], ())

    def _still_mine(
        self, tx: Transaction, prepared: Sequence[Prepared], now: datetime
    ) -> list[Prepared]:
        # If the machine slept over a lease, another run may take the row in this very second, and
        # both attempts would have one key in the journal.
        leases = {p.row.progress_id: p.row.lease_until for p in prepared if p.row.lease_until > now}
        held = lock_held(tx, leases)
        return [p for p in prepared if p.row.progress_id in held]

    def _write_queue(
        self, connection: Connection, mine: Sequence[Prepared], now: datetime
    ) -> list[Attempt]:
        again = [p for p in mine if p.row.queue_id is not None]
        if again:
            q = self._shop.tables.queue
            rows = [{"old_id": p.row.queue_id, **self._queue_row(p, now)} for p in again]
            names = [name for name in rows[0] if name != "old_id"]
            connection.execute(
                update(q)
                .where(q.c.queue_id == bindparam("old_id"))
                .values({name: bindparam(name) for name in names}),
                rows,
            )
        new = [p for p in mine if p.row.queue_id is None]
        ids = insert_rows(
            connection, self._shop.tables.queue, [self._queue_row(p, now) for p in new]
        )
        known = [(p, p.row.queue_id) for p in again if p.row.queue_id is not None]
        return [Attempt(p, id, now) for p, id in [*known, *zip(new, ids, strict=True)]]

    def _queue_row(self, p: Prepared, now: datetime) -> dict[str, Any]:
        template = p.template
        text = p.text if template.is_html else storable_text(p.text, self._four_bytes)
        return {
            "template_id": template.template_id,
            "newsletter_type": TemplateType.of(is_html=template.is_html),
            "newsletter_text": text,
            "newsletter_styles": template.styles,
            "newsletter_subject": storable_text(p.subject, self._four_bytes),
            "newsletter_sender_name": storable_text(template.sender_name, self._four_bytes),
            "newsletter_sender_email": template.sender_email,
            "queue_status": QueueStatus.PAUSE,
            "queue_start_at": now,
            "queue_finish_at": None,
            "automation_source": AUTOMATION,
            "automation_source_id": p.row.step.segment.segment_id,
        }


def insert_failed_queue_rows(
    tx: Transaction, rows: Sequence[DueRow], *, now: datetime
) -> list[int]:
    """Insert a cancelled queue row for each step that failed before it had one.

    `newsletter_problem`, which keeps the reason for Maho's problem report and for the history,
    needs a queue row to refer to.
    """
    queue_rows: list[Mapping[str, Any]] = [
        {
            "template_id": row.step.template_id,
            "newsletter_text": "",
            "newsletter_subject": "",
            "queue_status": QueueStatus.CANCEL,
            "queue_start_at": now,
            "queue_finish_at": now,
            "automation_source": AUTOMATION,
            "automation_source_id": row.step.segment.segment_id,
        }
        for row in rows
    ]
    # Even if the step's template is gone, which is then the reason.
    return past_missing_rows(
        tx.connection, lambda: insert_rows(tx.connection, tx.tables.queue, queue_rows)
    )
