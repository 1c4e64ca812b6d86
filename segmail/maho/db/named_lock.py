"""Locks with names, held by a connection until it ends: only one run at a time does something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from segmail.errors import DatabaseUnavailable
from segmail.maho.db.database import Session, error_number

_REFUSED = 1105  # Percona XtraDB Cluster: "prohibits use of GET_LOCK"


@contextmanager
def named_lock(session: Session, place: str, what: str, *, wait: int) -> Iterator[None]:
    """Hold a shop's lock, after waiting at most `wait` seconds; `place` identifies the shop.

    SQLite has no such locks and needs none: a transaction is alone there. Raises
    DatabaseUnavailable if somebody else keeps the lock. Two nodes of a Galera cluster know nothing
    of each other's named locks, so a transaction must check again for what must not happen twice.
    """
    if session.dialect == "sqlite":
        yield
        return
    name = f"segmail.{hashlib.sha256(place.encode()).hexdigest()[:32]}.{what}"
    got = _get(session, name, wait)
    if got is False:
        raise DatabaseUnavailable(
            f"Somebody else has been applying {what} to this shop for {wait} seconds; try again."
        )
    try:
        yield
    finally:
        if got and not session.is_lost:
            session.transact(lambda c: c.scalar(select(func.release_lock(name))))


def _get(session: Session, name: str, wait: int) -> bool | None:
    """Return whether we have the lock; None if the server has no named locks."""
    try:
        return session.transact(lambda c: c.scalar(select(func.get_lock(name, wait)))) == 1
    except DBAPIError as error:
        if error_number(error) != _REFUSED:
            raise
        return None
