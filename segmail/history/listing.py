"""The use case of `segmail history`."""

from __future__ import annotations

from dataclasses import replace
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
    chosen: HistoryFilter,
    now: datetime,
    lateness: timedelta,
) -> list[HistoryEntry]:
    """Return the history of steps, newest first; `lateness` is how late a row may be sent.

    The names go into the filter as its scope. Raises InputError if one does not exist, or nothing
    lies between `since` and `until`.
    """
    since, until = chosen.since, chosen.until
    if since is not None and until is not None and since >= until:
        raise InputError("Nothing lies between --since and --until.")
    with shop.read() as tx:
        scope = find_scope(tx, customer=customer, segment=segment, step=step)
        chosen = replace(chosen, scope=scope)
        return load_history(tx, chosen, now=now, lateness=lateness)
