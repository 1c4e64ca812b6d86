"""Remembers until when a segment's due rows were held back.

A row does not show whether it is late because its segment was switched off or because cron did not
run. Rows that were held are dropped as stale after some days instead of leaving in one burst; rows
that cron missed are sent. The times are in the shop's configuration, so that all hosts share them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select

from segmail.maho.config.rows import write_config
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/held_until/"
_FORMAT = "%Y-%m-%d %H:%M:%S"


def load_held_until(tx: Transaction) -> dict[int, datetime]:
    """Return, by segment id, when its due rows were last seen to be held (UTC)."""
    c = tx.tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%")
    )
    return {
        int(path.removeprefix(_PATH)): datetime.strptime(value, _FORMAT).replace(tzinfo=UTC)
        for path, value in tx.connection.execute(query)
    }


def mark_held(tx: Transaction, segment_ids: Collection[int], *, now: datetime) -> None:
    """Remember that due rows of these segments are held at `now`.

    Raises Conflict, for `Database.transact` to repeat it, if two hosts do so at once.
    """
    until = now.strftime(_FORMAT)
    write_config(tx, {f"{_PATH}{id}": until for id in segment_ids})
