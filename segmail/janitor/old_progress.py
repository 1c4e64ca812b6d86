"""Deletes old progress records in final states (SPEC, job 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, false, func, not_, select

from segmail.log import logger
from segmail.maho.counted_rows import is_counted_from
from segmail.maho.policies import OnReentry, load_policies
from segmail.maho.progress import ended_before, prune
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.step_policies import load_step_policies
from segmail.segments.conditions.references import segments_named
from segmail.segments.refresh.candidates import load_candidates

_BATCH = 1_000


def delete_old_progress(
    shop: Shop,
    *,
    days: int,
    now: datetime,
    all_: bool = False,
    advance: Callable[[int], None] = lambda _count: None,
) -> int:
    """Delete the records that ended more than `days` days before `now`; return how many.

    Records from which `max_sends` and the policy `never` are counted stay, as do the newest runs
    that conditions ask about, unless `all_` is true.

    A record is as old as the latest time in it, so a step that was sent after a delay of 100 days
    is kept for its days like any other. (Maho counts from its creation and deletes it the night
    after.) Each batch is a short transaction of its own, so that nobody waits for long.
    """
    deleted = 0
    for ids in _batches(shop, now - timedelta(days=days), all_=all_):
        deleted += _delete(shop, ids, now - timedelta(days=days))
        advance(len(ids))
    logger.info(
        "Cleaned up %s old sequence progress records (older than %d days)", f"{deleted:,}", days
    )
    return deleted


def count_old_progress(shop: Shop, *, days: int, now: datetime, all_: bool = False) -> int:
    """Return how many records `delete_old_progress` would delete."""
    with shop.read() as tx:
        kept = false() if all_ else _kept(tx)
        old = ended_before(shop.tables, now - timedelta(days=days))
        query = select(func.count()).where(old, not_(kept))
        return int(tx.connection.scalar(query.select_from(shop.tables.progress)) or 0)


def old_progress_ids(
    tables: Tables, before: datetime, *, after_id: int, kept: ColumnElement[bool] | None = None
) -> Select[int]:
    """Return the query of the next ids after `after_id`, in the order of the primary key.

    Rows for which `kept` holds are skipped.

    MySQL and MariaDB are told to use that key, so that all batches together read the table once: by
    the index of `scheduled_at` each batch would find and sort every old row again.
    """
    progress = tables.progress
    query = (
        select(progress.c.progress_id)
        .where(progress.c.progress_id > after_id, ended_before(tables, before))
        .order_by(progress.c.progress_id)
        .limit(_BATCH)
    )
    if kept is not None:
        query = query.where(not_(kept))
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(progress, "FORCE INDEX (PRIMARY)", dialect)
    return query


def _kept(tx: Transaction) -> ColumnElement[bool]:
    policies = load_policies(tx)
    reentry = {id: policy.on_reentry for id, policy in policies.items()}
    return is_counted_from(
        tx.tables,
        never=[id for id, it in reentry.items() if it == OnReentry.NEVER or it.after_days],
        holdout=[id for id, policy in policies.items() if policy.holdout],
        by_run=[id for id, it in reentry.items() if it.is_each_entry],
        asked=_asked(tx),
        repeating={
            id: policy.repeat.at_most or 0
            for id, policy in load_step_policies(tx).items()
            if policy.repeat is not None
        },
    )


def _asked(tx: Transaction) -> frozenset[int]:
    """Return the segments whose sequences the conditions of some segment ask about."""
    trees = [one.tree for one in load_candidates(tx, None) if one.tree is not None]
    return frozenset[int]().union(*(segments_named(tree).sequences for tree in trees))


def _batches(shop: Shop, before: datetime, *, all_: bool) -> Iterator[Sequence[int]]:
    with shop.read() as tx:
        kept = None if all_ else _kept(tx)
    ids: Sequence[int] = [0]
    while ids:
        query = old_progress_ids(shop.tables, before, after_id=ids[-1], kept=kept)
        with shop.database.read() as connection:
            ids = connection.scalars(query).all()
        if ids:
            yield ids


def _delete(shop: Shop, ids: Sequence[int], before: datetime) -> int:
    return shop.transact(lambda tx: prune(tx, ids, ended=before))
