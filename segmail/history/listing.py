"""The use case of `segmail history`."""

from __future__ import annotations

from datetime import datetime, timedelta

from segmail.errors import InputError
from segmail.history.entries import HistoryEntry, load_history
from segmail.history.query import HistoryFilter
from segmail.history.selection import find_scope
from segmail.maho.shop import Shop


def tell_history(
    shop: Shop,
    *,
    customer: str | None = None,
    segment: str | None = None,
    step: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    now: datetime,
    lateness: timedelta,
) -> list[HistoryEntry]:
    """Return what became of steps, newest first; `lateness` is how late a row may be sent.

    Raises InputError where a name does not exist, or nothing lies between `since` and `until`.
    """
    if since is not None and until is not None and since >= until:
        raise InputError("Nothing lies between --since and --until.")
    with shop.database.read() as connection:
        scope = find_scope(connection, shop.tables, customer=customer, segment=segment, step=step)
        chosen = HistoryFilter(scope, status, since, until, limit)
        return load_history(connection, shop.tables, chosen, now=now, lateness=lateness)
