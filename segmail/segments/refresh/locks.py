"""Keeps others away from a segment while its refresh is at work."""

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

_PAUSES = (0.05, 0.1, 0.2)  # seconds between looks at whether a segment is free
_REFUSED = 1105  # Percona XtraDB Cluster: "prohibits use of GET_LOCK"


def lock_group_if_free(tx: Transaction, segment_ids: Sequence[int]) -> bool:
    """Lock the segments of a group, in their order; return False where somebody else keeps one.

    Whoever has the first one is alone with the others.
    """
    return all(lock_if_free(tx, id) for id in sorted(segment_ids))


def lock_if_free(tx: Transaction, segment_id: int) -> bool:
    """Lock the segment until the transaction ends; return False where somebody else keeps it.

    Who holds it for a moment only (a row that refers to it is being written) is waited for. The
    lock also keeps Maho's own refresh waiting: its rows refer to the segment by foreign key.
    """
    c = tx.tables.segment.c
    query = select(c.segment_id).where(c.segment_id == segment_id).with_for_update(skip_locked=True)
    for pause in _PAUSES:
        if tx.connection.scalar(query) is not None:
            return True
        time.sleep(pause)
    return tx.connection.scalar(query) is not None


@contextmanager
def kept_for_one_refresh(session: Session, shop: Shop, segment_id: int) -> Iterator[bool]:
    """Hold the segment from the first transaction to the last; yield False where another run does.

    Whoever holds the first segment of a group keeps refreshes of all of them away.

    A named lock belongs to a connection: a run that is killed holds nothing. SQLite has none and
    needs none, because a refresh is one transaction there.

    It spares two runs from doing the same work, and no more: what keeps it right is that members
    have a key and that each transaction looks again. So two nodes of a Galera cluster, whose named
    locks know nothing of each other, may refresh at once, and Percona's, which refuses named locks
    (`pxc_strict_mode`), can do without.
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
    """Write what `kept_from_maho` looks for, while the segment is locked."""
    segment = tx.tables.segment
    row = update(segment).where(segment.c.segment_id == segment_id)
    tx.connection.execute(row.values(updated_at=_mark(now)))


@contextmanager
def kept_from_maho(shop: Shop, segment_id: int, *, now: datetime) -> Iterator[bool]:
    """Let others insert rows that refer to the segment, and nobody change the segment itself.

    Maho's refresh begins by saving the segment, then remembers who is a member: it must not do so
    between two chunks, or it would announce those of the second one as its own. Yield False where
    the segment was saved since `leave_mark`: whoever waited for that transaction came first.

    In a Galera cluster whoever saves the segment on another node breaks this lock; each chunk
    looks whether somebody did.
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
    """End the transaction, which the server has done already where it broke the lock."""
    try:
        connection.rollback()
    except DBAPIError as error:
        if not is_conflict(error):
            raise


def _get_lock(session: Session, name: str) -> bool | None:
    """Return whether the named lock is ours; None where the server has no named locks."""
    try:
        return session.transact(lambda c: c.scalar(select(func.get_lock(name, 0)))) == 1
    except DBAPIError as error:
        if error_number(error) != _REFUSED:
            raise
        return None


def _mark(now: datetime) -> datetime:
    """Before the refresh began: nobody else who saves the segment meanwhile writes that."""
    return now - timedelta(seconds=1)


def _name(shop: Shop, segment_id: int) -> str:
    """Named locks are the server's, so the name tells the shop; 64 characters at most."""
    place = f"{shop.database.url.database}.{shop.tables.segment.name}"
    return f"segmail.{hashlib.sha256(place.encode()).hexdigest()[:32]}.{segment_id}"
