"""Keeps others away from a segment while it is being refreshed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import DBAPIError

from segmail.maho.db.database import Session, error_number, is_conflict
from segmail.maho.db.moments import as_stored
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

_PAUSES = (0.05, 0.1, 0.2)  # seconds between checks whether a segment is free
_REFUSED = 1105  # Percona XtraDB Cluster: "prohibits use of GET_LOCK"


def lock_group_if_free(tx: Transaction, segment_ids: Sequence[int]) -> bool:
    """Lock the segments of a group, in order; return False if somebody else has locked one.

    Whoever has the first one has them all.
    """
    return all(lock_if_free(tx, id) for id in sorted(segment_ids))


def lock_if_free(tx: Transaction, segment_id: int) -> bool:
    """Lock the segment until the transaction ends; return False if somebody else holds the lock."""
    return status_if_free(tx, segment_id) is not None


def status_if_free(tx: Transaction, segment_id: int) -> str | None:
    """Lock the segment until the transaction ends; return its `refresh_status`, or "".

    None if somebody else holds the lock.

    A lock that is held for a moment only (while a row that refers to the segment is written) is
    waited for. This lock also keeps Maho's own refresh waiting: its rows refer to the segment by
    foreign key.
    """
    c = tx.tables.segment.c
    status = func.coalesce(c.refresh_status, "")
    query = select(status).where(c.segment_id == segment_id).with_for_update(skip_locked=True)
    found: str | None = tx.connection.scalar(query)
    for pause in _PAUSES:
        if found is not None:
            break
        time.sleep(pause)
        found = tx.connection.scalar(query)
    return found


@contextmanager
def kept_for_one_refresh(session: Session, shop: Shop, segment_id: int) -> Iterator[bool]:
    """Hold the segment from the first transaction to the last; yield False if another run holds it.

    Whoever holds the first segment of a group keeps refreshes of all of them away.

    A named lock belongs to a connection: a run that is killed holds nothing. SQLite has no such
    locks and needs none, because a refresh is one transaction there.

    The lock only saves two runs from doing the same work. Correctness rests on the members' key,
    and on each transaction looking again. So two nodes of a Galera cluster, whose named locks know
    nothing of each other, may refresh at once, and Percona XtraDB Cluster, which refuses named
    locks (`pxc_strict_mode`), can do without.
    """
    if shop.database.url.get_backend_name() == "sqlite":
        yield True
        return
    name = _name(shop, segment_id)
    got = _get_lock(session, name)
    try:
        yield got is not False
    finally:
        if got and not session.is_lost:
            session.transact(lambda c: c.scalar(select(func.release_lock(name))))


def leave_mark(tx: Transaction, segment_id: int, *, now: datetime) -> None:
    """Write the mark that `kept_from_maho` checks, while the segment is locked."""
    segment = tx.tables.segment
    row = update(segment).where(segment.c.segment_id == segment_id)
    tx.connection.execute(row.values(updated_at=_mark(now)))


@contextmanager
def kept_from_maho(shop: Shop, segment_id: int, *, now: datetime) -> Iterator[bool]:
    """Let others insert rows that refer to the segment, but not change the segment itself.

    Maho's refresh begins by saving the segment and then remembers its members. It must not do so
    between two chunks, or it would announce the members of the second one as its own. Yields False
    if the segment was saved since `leave_mark`: somebody who waited for that transaction came
    first.

    In a Galera cluster, saving the segment on another node breaks this lock; each chunk checks for
    that.
    """
    c = shop.tables.segment.c
    query = select(c.updated_at).where(c.segment_id == segment_id).with_for_update(read=True)
    with shop.database.read() as connection:
        try:
            mark = as_stored(connection, c.updated_at, _mark(now))
            yield connection.scalar(query) == mark
        finally:
            _let_go(connection)


def _let_go(connection: Connection) -> None:
    """End the transaction; the server has already done so if it broke the lock."""
    try:
        connection.rollback()
    except DBAPIError as error:
        if not is_conflict(error):
            raise


def _get_lock(session: Session, name: str) -> bool | None:
    """Return whether we have the named lock; None if the server has no named locks."""
    try:
        return session.transact(lambda c: c.scalar(select(func.get_lock(name, 0)))) == 1
    except DBAPIError as error:
        if error_number(error) != _REFUSED:
            raise
        return None


def _mark(now: datetime) -> datetime:
    """Return a time before the refresh began, which nobody else who saves the segment writes."""
    return now - timedelta(seconds=1)


def _name(shop: Shop, segment_id: int) -> str:
    """Return the lock's name, at most 64 characters; it includes the shop, as locks are the
    server's.
    """
    place = f"{shop.database.url.database}.{shop.tables.segment.name}"
    return f"segmail.{hashlib.sha256(place.encode()).hexdigest()[:32]}.{segment_id}"
