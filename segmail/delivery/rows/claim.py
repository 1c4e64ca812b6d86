"""Takes due rows for this run, by pushing their `scheduled_at` forward by a lease.

The claim is committed before anything is sent; a crashed run's rows come due again by
themselves. Only the progress table is read, through its index on `(scheduled_at, status)`: a join
would lock customer rows that a checkout may hold, and a plan without the index locks every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    or_,
    select,
    update,
)

from segmail.maho.db.database import Conflict, Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.db.value_lists import among, chosen_by, pairs_among
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow


@dataclass(frozen=True)
class Cursor:
    """Where the next claim of this run goes on, so that none walks over the past again."""

    scheduled_at: datetime
    progress_id: int


class Claimer:
    """Claims due rows of the given steps, oldest first, each once a run.

    With `since`, the walk begins there: see `Hints`.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables,
        steps: Mapping[int, Step],
        *,
        lease: timedelta,
        since: datetime | None = None,
    ) -> None:
        self._database = database
        self._tables = tables
        self._steps = steps
        self._lease = lease
        self._cursor = Cursor(since, 0) if since is not None else None
        self._index = _index_name(database, tables)

    def claim(self, *, now: datetime, limit: int) -> list[DueRow]:
        """Take up to `limit` rows that are due at `now`; [] when none is left."""
        if not self._steps:
            return []
        lease_until = _whole_seconds(now) + self._lease

        def work(connection: Connection) -> list[Row[Any]]:
            rows = list(connection.execute(self.due_query(now=now, limit=limit, lock=True)))
            self._take(connection, rows, lease_until)
            return rows

        rows = self._database.transact(work)
        self._go_on_after(rows)
        return [self._due_row(row, lease_until) for row in rows]

    def give_back(self, rows: Sequence[DueRow]) -> None:
        """Undo the claim of those rows that nothing was recorded of: their run cannot go on.

        A row with an earlier attempt keeps its lease, for that attempt may be under way.
        """
        c = self._tables.progress.c
        seen = {row.progress_id: row.seen_at for row in rows if row.queue_id is None}
        if not seen:
            return
        undo = (
            update(self._tables.progress)
            .where(
                among(c.progress_id, seen),
                c.scheduled_at == rows[0].lease_until,
                c.status == "scheduled",
                c.queue_id.is_(None),
            )
            .values(scheduled_at=chosen_by(c.progress_id, seen, c.scheduled_at))
        )
        self._database.transact(lambda connection: connection.execute(undo), idempotent=True)

    def peek(self, *, now: datetime, limit: int) -> list[DueRow]:
        """Return the rows that `claim` would take, each once, and take none."""
        if not self._steps:
            return []
        with self._database.read() as connection:
            query = self.due_query(now=now, limit=limit, lock=False)
            rows = list(connection.execute(query))
        self._go_on_after(rows)
        return [self._due_row(row, now) for row in rows]

    def look(self, *, now: datetime, most: int) -> list[datetime]:
        """Return when the rows that are due at `now` were, oldest first, `most` of them."""
        if not self._steps:
            return []
        due = self.due_query(now=now, limit=most, lock=False)
        with self._database.read() as connection:
            return [row.scheduled_at for row in connection.execute(due)]

    def due_query(self, *, now: datetime, limit: int | None, lock: bool) -> Select[Any]:
        """Return the claim's SELECT; its plan is held by a test."""
        c = self._tables.progress.c
        query = (
            select(
                c.progress_id,
                c.customer_id,
                c.sequence_id,
                c.trigger_type,
                c.queue_id,
                c.created_at,
                c.scheduled_at,
            )
            .where(
                c.status == "scheduled",
                c.scheduled_at <= now,
                c.sequence_id.in_(self._steps),
            )
            .order_by(c.scheduled_at, c.progress_id)
            .limit(limit)
        )
        if self._cursor is not None:
            at, last = self._cursor.scheduled_at, self._cursor.progress_id
            query = query.where(
                c.scheduled_at >= at,
                or_(c.scheduled_at > at, and_(c.scheduled_at == at, c.progress_id > last)),
            )
        if self._index is not None:
            for dialect in ("mysql", "mariadb"):
                hint = f"FORCE INDEX ({self._index})"
                query = query.with_hint(self._tables.progress, hint, dialect)
        return query.with_for_update(skip_locked=True) if lock else query

    def _go_on_after(self, rows: list[Row[Any]]) -> None:
        if rows:
            self._cursor = Cursor(rows[-1].scheduled_at, rows[-1].progress_id)

    def _take(self, connection: Connection, rows: list[Row[Any]], lease_until: datetime) -> None:
        """Push the rows' `scheduled_at` forward, if it is still what was seen.

        The repetition of what was seen makes the claim right also where SKIP LOCKED is not
        (Galera, SQLite).
        """
        if not rows:
            return
        c = self._tables.progress.c
        seen = [(row.progress_id, row.scheduled_at) for row in rows]
        result = connection.execute(
            update(self._tables.progress)
            .where(
                # The ids alone give the range on the primary key; pairs alone may scan the table.
                among(c.progress_id, [row.progress_id for row in rows]),
                pairs_among(c.progress_id, c.scheduled_at, seen),
                c.status == "scheduled",
            )
            .values(scheduled_at=lease_until)
        )
        if result.rowcount != len(rows):
            raise Conflict

    def _due_row(self, row: Row[Any], lease_until: datetime) -> DueRow:
        step = self._steps[row.sequence_id]
        # A row with a queue_id was claimed before, so its column no longer says when it was due.
        planned = row.created_at + timedelta(minutes=step.delay_minutes)
        return DueRow(
            progress_id=row.progress_id,
            customer_id=row.customer_id,
            step=step,
            trigger_type=row.trigger_type,
            queue_id=row.queue_id,
            scheduled_at=row.scheduled_at if row.queue_id is None else planned,
            seen_at=row.scheduled_at,
            lease_until=lease_until,
        )


def _index_name(database: Database, tables: Tables) -> str | None:
    """Return the name of the index that a claim must walk, where the server takes hints."""
    if database.url.get_backend_name() == "sqlite":
        return None
    with database.read() as connection:
        indexes = index_columns(connection, tables.progress.name)
    names = {columns: name for name, columns in indexes.items()}
    return names.get(("status", "scheduled_at")) or names.get(("scheduled_at", "status"))


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
