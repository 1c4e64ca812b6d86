"""Takes due rows for this run, by pushing their `scheduled_at` forward by a lease.

The claim is committed before anything is sent; a crashed run's rows come due again by themselves.
Only the progress table is read, through its index on `(scheduled_at, status)`: a join would lock
customer rows that a checkout may need, and a plan without the index locks every row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select

from segmail.delivery.rows.walk_start import MARGIN
from segmail.maho.db.database import Conflict
from segmail.maho.db.moments import as_stored
from segmail.maho.progress import claim, due_rows, give_back, walked_index
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow

# Stands for a `scheduled_at` that is no valid time, such as a zero date: due since ever.
_SINCE_EVER = datetime(1970, 1, 2, tzinfo=UTC)


class Claimer:
    """Claims due rows of the given steps, oldest first, each once per run."""

    def __init__(self, shop: Shop, steps: Mapping[int, Step], *, lease: timedelta) -> None:
        self._shop = shop
        self._steps = steps
        self._lease = lease
        # Where the next claim of this run continues, so that none walks over the past again.
        self._after: tuple[datetime, int] | None = None
        with shop.read() as tx:
            self._index = walked_index(tx)

    @property
    def steps(self) -> Mapping[int, Step]:
        """The steps whose rows are claimed, by sequence id."""
        return self._steps

    def go_on_with(self, steps: Mapping[int, Step]) -> None:
        """Claim only rows of these steps from now on."""
        self._steps = steps

    def claim(self, *, now: datetime, limit: int) -> list[DueRow]:
        """Take up to `limit` rows that are due at `now`; [] if none is left."""
        if not self._steps:
            return []
        column = self._shop.tables.progress.c.scheduled_at

        def work(tx: Transaction) -> list[DueRow]:
            due = self.due_query(now=now, limit=limit).with_for_update(skip_locked=True)
            rows = tx.connection.execute(due).all()
            if not rows:
                return []
            lease_until = as_stored(tx.connection, column, now + self._lease)
            taken = claim(tx, {row[0]: row[-1] for row in rows}, now=now, lease_until=lease_until)
            if taken != len(rows):
                raise Conflict
            return [self._due_row(row, lease_until) for row in rows]

        rows = self._shop.transact(work)
        self._go_on_after(rows)
        return rows

    def leave_out(self, sequence_ids: Collection[int]) -> None:
        """Claim no more rows of these steps in this run."""
        self._steps = {id: s for id, s in self._steps.items() if id not in sequence_ids}

    def give_back(self, rows: Sequence[DueRow]) -> None:
        """Undo the claim of those rows for which nothing was recorded: their run cannot go on.

        A row with an earlier attempt keeps its lease, because that attempt may be under way.
        """
        seen = {row.progress_id: row.seen_at for row in rows if row.queue_id is None}
        if seen:
            until = rows[0].lease_until
            self._shop.transact(lambda tx: give_back(tx, seen, lease_until=until), idempotent=True)

    def peek(self, *, now: datetime, limit: int) -> list[DueRow]:
        """Return the rows that `claim` would take, each once, without taking them."""
        if not self._steps:
            return []
        with self._shop.database.read() as connection:
            found = connection.execute(self.due_query(now=now, limit=limit)).all()
        rows = [self._due_row(row, now) for row in found]
        self._go_on_after(rows)
        return rows

    def look(self, *, now: datetime, most: int, since: datetime | None) -> list[datetime]:
        """Return the due times of the rows that are due at `now`, oldest first, at most `most`.

        The walk begins at `since` (see `WalkStart`), and that of the claims shortly before the
        first row that it finds.
        """
        if not self._steps:
            return []
        self._after = (since, 0) if since is not None else None
        with self._shop.database.read() as connection:
            query = self.due_query(now=now, limit=most)
            due = [_seen(row.scheduled_at) for row in connection.execute(query)]
        if due:
            # An invalid time sorts before every one that could be named here.
            self._after = None if due[0] == _SINCE_EVER else (due[0] - MARGIN, 0)
        return due

    def due_query(self, *, now: datetime, limit: int | None) -> Select[Any]:
        """Return the query of the rows that come next."""
        tables, after, index = self._shop.tables, self._after, self._index
        return due_rows(tables, self._steps, now=now, after=after, index=index, limit=limit)

    def _go_on_after(self, rows: list[DueRow]) -> None:
        if rows:
            # Not the last row: an invalid time is sorted among others, and would lead back.
            self._after = max((row.seen_at, row.progress_id) for row in rows)

    def _due_row(self, row: Iterable[Any], lease_until: datetime) -> DueRow:
        # Taken apart: a value costs ten times as much by its name.
        progress_id, customer_id, sequence_id, trigger, queue_id, created_at, scheduled_at = row
        step, seen_at = self._steps[sequence_id], _seen(scheduled_at)
        # A row with a queue_id was claimed before, and its column has the end of a lease.
        is_told = created_at is None or (queue_id is None and scheduled_at is not None)
        return DueRow(
            progress_id=progress_id,
            customer_id=customer_id,
            step=step,
            trigger_type=trigger,
            queue_id=queue_id,
            scheduled_at=seen_at if is_told else step.planned_at(created_at, seen_at),
            seen_at=seen_at,
            lease_until=lease_until,
            created_at=created_at,
        )


def _seen(scheduled_at: datetime | None) -> datetime:
    return _SINCE_EVER if scheduled_at is None else scheduled_at
