"""The marks that a refresh leaves on its segment, each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.refresh.baseline import forget_baseline
from segmail.segments.refresh.locks import status_if_free

_BEGUN, _COMPLETED = "processing", "completed"


def mark_begun(shop: Shop, segment_id: int, *, now: datetime) -> bool:
    """Write `processing`; return False if somebody else is refreshing the segment."""

    def work(tx: Transaction) -> bool:
        status = status_if_free(tx, segment_id)
        if status is None:
            return False
        if status != _COMPLETED:  # Maho's refresh may have ended halfway
            forget_baseline(tx, segment_id)
        _write(tx, segment_id, _BEGUN, now)
        return True

    return shop.transact(work, idempotent=True)


def mark_unfinished(shop: Shop, segment_id: int, *, now: datetime) -> None:
    """Write `pending` if the segment is still marked as begun: the next run does the rest."""
    shop.transact(
        lambda tx: _write(tx, segment_id, "pending", now, only=_BEGUN),
        idempotent=True,
    )


def mark_failed(shop: Shop, segment_id: int, *, now: datetime) -> None:
    """Write `error`; members, counters and rows stay as they were."""

    def work(tx: Transaction) -> None:
        forget_baseline(tx, segment_id)
        _write(tx, segment_id, "error", now)

    shop.transact(work, idempotent=True)


def _write(
    tx: Transaction,
    segment_id: int,
    status: str,
    now: datetime,
    *,
    only: str | None = None,
) -> None:
    c = tx.tables.segment.c
    query = update(tx.tables.segment).where(c.segment_id == segment_id)
    if only is not None:
        query = query.where(c.refresh_status == only)
    tx.connection.execute(query.values(refresh_status=status, updated_at=now))
