"""The marks that a refresh leaves on its segment, each in a transaction of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from segmail.maho.shop import Shop
from segmail.maho.tables import Tables


def lock_if_free(connection: Connection, tables: Tables, segment_id: int) -> bool:
    """Lock the segment until the transaction ends; return False where somebody else has it.

    The lock also keeps Maho's own refresh waiting: its rows refer to the segment by foreign key.
    """
    c = tables.segment.c
    query = select(c.segment_id).where(c.segment_id == segment_id).with_for_update(skip_locked=True)
    return connection.scalar(query) is not None


def mark_begun(shop: Shop, segment_id: int, *, now: datetime) -> bool:
    """Write `processing`, unless somebody else is at work on the segment: then return False."""

    def work(connection: Connection) -> bool:
        if not lock_if_free(connection, shop.tables, segment_id):
            return False
        _write(connection, shop.tables, segment_id, "processing", now)
        return True

    return shop.database.transact(work, idempotent=True)


def mark_failed(shop: Shop, segment_id: int, *, now: datetime) -> None:
    """Write `error`; members, counters and rows stay as they were."""
    shop.database.transact(
        lambda connection: _write(connection, shop.tables, segment_id, "error", now),
        idempotent=True,
    )


def _write(
    connection: Connection, tables: Tables, segment_id: int, status: str, now: datetime
) -> None:
    connection.execute(
        update(tables.segment)
        .where(tables.segment.c.segment_id == segment_id)
        .values(refresh_status=status, updated_at=now)
    )
