"""Clears what unsubscribed and deleted customers left behind, as Maho's observers do.

Maho does so when its own code saves a subscriber or deletes a customer. An import bypasses the
observers, and a shop may have lost its foreign keys. Each batch is a short transaction of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    exists,
    func,
    select,
    tuple_,
)

from segmail.log import logger
from segmail.maho.customer_conditions import STEP_GONE, UNSUBSCRIBED, is_subscribed
from segmail.maho.db.information_schema import referring_tables
from segmail.maho.progress import is_pending_in, stop
from segmail.maho.repeating import broken_off, mend_broken_off
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import load_segment_ids, load_steps

_BATCH = 1_000
_SEARCH = 100_000  # with a million scheduled steps a search takes seconds, so it finds many at once


@dataclass(frozen=True)
class Swept:
    """Numbers of rows: scheduled steps that were skipped, rows of deleted customers."""

    unsubscribed: int
    orphans: int


def sweep_up(shop: Shop, *, now: datetime, dry_run: bool = False) -> Swept:
    """Skip scheduled steps of customers who are not subscribed; delete rows of deleted customers.

    Rows whose step is gone, which no run claims, are skipped, too.

    A dry run only counts them.
    """
    if dry_run:
        return _count_sweep(shop)
    tables = shop.tables
    with shop.read() as tx:
        gone = _gone_steps(tx)
    if gone:
        theirs = tables.progress.c.sequence_id.in_(gone)
        shop.transact(lambda tx: stop(tx, theirs, reason=STEP_GONE, now=now))
    orphans = sum(_delete(shop, _orphans(tables, table), table) for table in _unguarded(shop))
    skipped = _skip(shop, now=now)
    if again := _mend_repeats(shop, now=now):
        logger.info("Went on with %s repeats of customers who are subscribed again", f"{again:,}")
    if skipped:
        logger.info("Skipped %s scheduled steps of unsubscribed customers", f"{skipped:,}")
    if orphans:
        logger.info("Deleted %s rows of customers who do not exist any more", f"{orphans:,}")
    return Swept(skipped, orphans)


def _count_sweep(shop: Shop) -> Swept:
    tables, unguarded = shop.tables, _unguarded(shop)
    with shop.read() as tx:
        orphans = [_orphans(tables, table) for table in unguarded]
        return Swept(
            _count(tx.connection, unsubscribed(tables, load_segment_ids(tx))),
            sum(_count(tx.connection, query) for query in orphans),
        )


def _unguarded(shop: Shop) -> list[Table]:
    """Return the tables without the foreign key that deletes a customer's rows automatically.

    A shop that has it is spared a search through every finished row.
    """
    tables = (shop.tables.progress, shop.tables.member)
    with shop.database.read() as connection:
        guarded = referring_tables(connection, [table.name for table in tables], "customer_id")
    return [table for table in tables if table.name not in guarded]


def other_steps(tables: Tables, known: Collection[int]) -> Select[int]:
    """Return the query of the ids of other steps that progress rows name; a test checks its plan.

    The server looks between the known ids in the index of the column, where there are no rows.
    """
    id = tables.progress.c.sequence_id
    return select(id).distinct().where(id.not_in(known))


def _gone_steps(tx: Transaction) -> list[int]:
    """Return the ids of steps that progress rows name but that no longer exist."""
    known = {step.sequence_id for step in load_steps(tx)}
    found = set(tx.connection.scalars(other_steps(tx.tables, known)))
    if not found:
        return []
    added = {step.sequence_id for step in load_steps(tx)}  # meanwhile, and enrolled in
    return sorted(found - added)


def _delete(shop: Shop, query: Select[Any], table: Table) -> int:
    def batch(connection: Connection, which: ColumnElement[bool]) -> int:
        return connection.execute(delete(table).where(which)).rowcount

    return sum(
        shop.database.transact(partial(batch, which=found)) for found in _batches(shop, query)
    )


def _skip(shop: Shop, *, now: datetime) -> int:
    batch = partial(stop, reason=UNSUBSCRIBED, now=now)
    with shop.read() as tx:
        query = unsubscribed(shop.tables, load_segment_ids(tx))
    return sum(shop.transact(partial(batch, which=found)) for found in _batches(shop, query))


def _mend_repeats(shop: Shop, *, now: datetime) -> int:
    """Continue repeats that Maho ended for customers who are subscribed again."""
    with shop.read() as tx:
        steps = {step.sequence_id: step for step in load_steps(tx) if step.policy.repeat}
        if not steps:
            return 0
        rows = tx.connection.execute(broken_off(tx.tables, list(steps.values()))).all()
    found = [(row.progress_id, steps[row.sequence_id]) for row in rows]
    return sum(
        shop.transact(partial(mend_broken_off, found=dict(found[start : start + _BATCH]), now=now))
        for start in range(0, len(found), _BATCH)
    )


def _batches(shop: Shop, query: Select[Any]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions on the keys of the rows that `query` finds, until it finds no more."""
    columns = [column for column in query.selected_columns if isinstance(column, Column)]
    while True:
        with shop.database.read() as connection:
            keys = [tuple(row) for row in connection.execute(query.limit(_SEARCH))]
        for start in range(0, len(keys), _BATCH):
            yield tuple_(*columns).in_(keys[start : start + _BATCH])
        if len(keys) < _SEARCH:
            return


def unsubscribed(tables: Tables, segment_ids: Collection[int]) -> Select[Any]:
    """Return the query of the waiting rows in these segments whose customers are not subscribed.

    The segments are bound as values: with a subquery the server would read every finished row.
    """
    row = tables.progress.c
    customer = exists().where(tables.customer.c.entity_id == row.customer_id, is_subscribed(tables))
    return select(row.progress_id).where(is_pending_in(tables, segment_ids), ~customer)


def _orphans(tables: Tables, table: Table) -> Select[Any]:
    customer = exists().where(tables.customer.c.entity_id == table.c.customer_id)
    return select(*table.primary_key.columns).where(~customer)


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.scalar(select(func.count()).select_from(query.subquery())) or 0)
