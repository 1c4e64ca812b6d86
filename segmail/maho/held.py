"""Remembers until when a segment's due rows were held back.

A row does not tell whether it is late because its segment was switched off or because cron was.
What was held is let go as stale after some days instead of leaving in one burst; what cron missed
is sent. The memory stands in the shop's configuration, so that all hosts share it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from segmail.maho.database import Conflict
from segmail.maho.tables import Tables

_PATH = "customer_segmentation/segmail/held_until/"
_FORMAT = "%Y-%m-%d %H:%M:%S"


def load_held_until(connection: Connection, tables: Tables) -> dict[int, datetime]:
    """Return by segment id until when its due rows were seen to be held, in UTC."""
    c = tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%")
    )
    return {
        int(path.removeprefix(_PATH)): datetime.strptime(value, _FORMAT).replace(tzinfo=UTC)
        for path, value in connection.execute(query)
    }


def mark_held(
    connection: Connection, tables: Tables, segment_ids: Collection[int], *, now: datetime
) -> None:
    """Remember that due rows of these segments are held at `now`.

    Raises Conflict, for `Database.transact` to repeat it, when two hosts do so at once.
    """
    if not segment_ids:
        return
    c = tables.config.c
    marks = {f"{_PATH}{segment_id}": now.strftime(_FORMAT) for segment_id in segment_ids}
    here = (c.scope == "default", c.scope_id == 0, c.path.in_(marks))
    connection.execute(delete(tables.config).where(*here))
    rows = [
        {"scope": "default", "scope_id": 0, "path": path, "value": value}
        for path, value in marks.items()
    ]
    try:
        connection.execute(insert(tables.config), rows)
    except IntegrityError as error:  # another host marks them at this moment
        raise Conflict from error
