"""Writes the changes of a large refresh in transactions of a bounded size.

The foreign keys of new rows lock the accounts of customers who enter, only until the commit of
their chunk. A chunk changes membership and steps of the same customers, so that each commit leaves
a state from which the next refresh goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from segmail.log import logger
from segmail.maho.db.database import Conflict
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import ShopSession
from segmail.segments.refresh.apply import complete, write_changes
from segmail.segments.refresh.baseline import Baseline
from segmail.segments.refresh.changes import Changes, judge
from segmail.segments.refresh.task import Task, is_still
from segmail.segments.refresh.temporary_tables import CHANGED, drop_scratch

CHANGED_MEANWHILE = "it was changed meanwhile; the next run does the rest"
_STOPPED = "stopped by a signal; the next run does the rest"


@dataclass(frozen=True)
class Written:
    """What was written: numbers of customers and of stopped steps; and why it is not everything."""

    changes: Changes = Changes()  # noqa: RUF009 - frozen
    stopped: int = 0
    unfinished: str | None = None


def write_in_chunks(
    session: ShopSession, task: Task, *, size: int, now: datetime, is_stopping: Callable[[], bool]
) -> Written:
    """Write CHANGED, `size` customers per transaction, until it is done or must stop."""
    written, after = Written(), 0
    while True:
        if is_stopping():
            return replace(written, unfinished=_STOPPED)
        chunk = session.transact(partial(_write, task=task, after=after, size=size, now=now))
        if chunk is None:
            return replace(written, unfinished=CHANGED_MEANWHILE)
        written = Written(written.changes + chunk.changes, written.stopped + chunk.stopped)
        logger.debug("Segment %d: %s written", task.candidate.id, f"{written.changes.total:,}")
        if chunk.last is None:
            return written
        after = chunk.last


def finish(
    session: ShopSession,
    task: Task,
    written: Written,
    members: int,
    baseline: Baseline | None,
    *,
    now: datetime,
) -> Written:
    """Write the segment's counters, unless something is left to do."""

    def work(tx: Transaction) -> Written:
        drop_scratch(tx.connection)
        if written.unfinished or not is_still(tx, task):
            return replace(written, unfinished=written.unfinished or CHANGED_MEANWHILE)
        complete(tx, task, members, baseline, now=now)
        return written

    return session.transact(work)


@contextmanager
def integrity_is_conflict() -> Iterator[None]:
    """A customer was deleted, or Maho was faster: treat it as a conflict and retry."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict from error


@dataclass(frozen=True)
class _Chunk:
    changes: Changes
    stopped: int
    last: int | None  # the last customer; None if nobody is left


def _write(tx: Transaction, *, task: Task, after: int, size: int, now: datetime) -> _Chunk | None:
    """Write one chunk; return None if the segment has changed since the refresh began."""
    if not is_still(tx, task):
        return None
    last = _last(tx.connection, after, size)
    with integrity_is_conflict():
        changes = judge(tx.connection, task, after=after, last=last)
        stopped = write_changes(tx, task, changes, now=now)
    return _Chunk(changes, stopped, last)


def _last(connection: Connection, after: int, size: int) -> int | None:
    id = CHANGED.c.customer_id
    query = select(id).where(id > after).order_by(id).offset(size - 1).limit(1)
    last: int | None = connection.scalar(query)
    return last
