"""Attempts that are open: `newsletter_queue` rows of the automation on PAUSE, found by id.

No index leads to them, so the search goes up the primary key from the oldest id that may be open.
That id is in the shop's configuration, where all hosts share it. Ids far below the newest are never
searched again; the newest are searched each time, because their transactions may commit later than
those of higher ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from segmail.maho.config.rows import write_config
from segmail.maho.newsletter_queue import AUTOMATION, QueueStatus
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/oldest_open_attempt"
_MARGIN = 10_000  # ids below the newest that are searched each time


@dataclass(frozen=True)
class OpenAttempt:
    """An open attempt and its progress row; the row's values are None if it is gone."""

    queue_id: int
    template_id: int
    started_at: datetime | None
    progress_id: int | None
    customer_id: int | None
    segment_id: int | None
    sequence_id: int | None
    step_number: int | None
    trigger_type: str | None
    status: str | None
    created_at: datetime | None
    scheduled_at: datetime | None

    def is_stuck(self, begun_before: datetime) -> bool:
        """Return whether it began so long ago that no run can still be working on it."""
        return self.started_at is None or self.started_at < begun_before


def load_open_attempts(tx: Transaction) -> list[OpenAttempt]:
    """Return every open attempt, the oldest first."""
    c, q = tx.tables.progress.c, tx.tables.queue
    query = (
        select(
            q.c.queue_id,
            q.c.template_id,
            q.c.queue_start_at.label("started_at"),
            c.progress_id,
            c.customer_id,
            c.segment_id,
            c.sequence_id,
            c.step_number,
            c.trigger_type,
            c.status,
            c.created_at,
            c.scheduled_at,
        )
        .select_from(q)
        .outerjoin(tx.tables.progress, c.queue_id == q.c.queue_id)
        .where(
            q.c.queue_id >= oldest_that_may_be_open(tx),
            q.c.queue_status == QueueStatus.PAUSE,
            q.c.automation_source == AUTOMATION,
        )
        .order_by(q.c.queue_id)
    )
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(q, "FORCE INDEX (PRIMARY)", dialect)
    return [OpenAttempt(**row) for row in tx.connection.execute(query).mappings()]


def oldest_that_may_be_open(tx: Transaction) -> int:
    """Return the id from which the search begins; 0 if no run has searched yet."""
    c = tx.tables.config.c
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path == _PATH)
    value = tx.connection.scalar(query) or ""
    return int(value) if value.isdecimal() else 0


def remember_oldest(tx: Transaction, still_open: list[int]) -> None:
    """Move the start of the search up to the oldest of these ids, or to near the newest of all.

    Nothing is written if the difference is small. Raises Conflict, for `Database.transact` to
    repeat it, if two hosts do so at once.
    """
    before = oldest_that_may_be_open(tx)
    newest = tx.connection.scalar(select(func.max(tx.tables.queue.c.queue_id))) or 0
    oldest = min([newest - _MARGIN, *still_open])
    # A restored database has lower ids than the one remembered.
    if oldest >= before + _MARGIN or newest < before:
        write_config(tx, {_PATH: str(max(0, oldest))})
