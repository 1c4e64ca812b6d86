"""Takes back what unsubscribed and deleted customers left behind, as Maho's observers did.

Maho does so when its own code saves a subscriber or deletes a customer; an import, or a shop whose
foreign keys were lost, goes past them. Each batch is a short transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
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
    inspect,
    select,
    tuple_,
    update,
)

from segmail.maho.shop import Shop
from segmail.maho.standing import is_subscribed
from segmail.maho.steps import Trigger
from segmail.maho.tables import Tables

logger = logging.getLogger("segmail")

_BATCH = 1_000


@dataclass(frozen=True)
class Swept:
    """Numbers of rows: scheduled steps that were skipped, rows of deleted customers."""

    unsubscribed: int
    orphans: int


def sweep(shop: Shop) -> Swept:
    """Skip scheduled steps of who is not subscribed; delete rows of customers who are gone."""
    tables = shop.tables
    orphans = sum(
        _repeat(shop, _orphans(tables, table), lambda keys, of=table: delete(of).where(keys))
        for table in _unguarded(shop)
    )
    skipped = _repeat(
        shop,
        _unsubscribed(tables),
        lambda keys: (
            update(tables.progress)
            .where(keys, tables.progress.c.status == "scheduled")
            .values(status="skipped")
        ),
    )
    if skipped:
        logger.info("Skipped %s scheduled steps of unsubscribed customers", f"{skipped:,}")
    if orphans:
        logger.info("Deleted %s rows of customers who do not exist any more", f"{orphans:,}")
    return Swept(skipped, orphans)


def count_sweep(shop: Shop) -> Swept:
    """Return what `sweep` would do."""
    tables, unguarded = shop.tables, _unguarded(shop)
    with shop.database.read() as connection:
        orphans = [_orphans(tables, table) for table in unguarded]
        return Swept(
            _count(connection, _unsubscribed(tables)),
            sum(_count(connection, query) for query in orphans),
        )


def _unguarded(shop: Shop) -> list[Table]:
    """Return the tables without the foreign key that deletes a customer's rows by itself.

    So a shop that has it is spared the search through every finished row.
    """
    with shop.database.read() as connection:
        keys = {
            table: inspect(connection).get_foreign_keys(table.name)
            for table in (shop.tables.progress, shop.tables.member)
        }
    return [
        table
        for table, found in keys.items()
        if not any(key["constrained_columns"] == ["customer_id"] for key in found)
    ]


def _repeat(shop: Shop, query: Select[Any], change: Callable[[ColumnElement[bool]], Any]) -> int:
    """Change what `query` finds by its keys, batch by batch, until it finds nothing."""
    columns = [column for column in query.selected_columns if isinstance(column, Column)]
    changed = 0
    while True:
        with shop.database.read() as connection:
            keys = [tuple(row) for row in connection.execute(query.limit(_BATCH))]
        if not keys:
            return changed
        statement = change(tuple_(*columns).in_(keys))
        changed += shop.database.transact(lambda c, it=statement: c.execute(it).rowcount)


def _unsubscribed(tables: Tables) -> Select[Any]:
    """Maho's index is on segment, trigger and status: naming all three lets the server use it."""
    row = tables.progress.c
    customer = exists().where(tables.customer.c.entity_id == row.customer_id, is_subscribed(tables))
    return select(row.progress_id).where(
        row.segment_id.in_(select(tables.segment.c.segment_id)),
        row.trigger_type.in_([trigger.value for trigger in Trigger]),
        row.status == "scheduled",
        ~customer,
    )


def _orphans(tables: Tables, table: Table) -> Select[Any]:
    customer = exists().where(tables.customer.c.entity_id == table.c.customer_id)
    return select(*table.primary_key.columns).where(~customer)


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.scalar(select(func.count()).select_from(query.subquery())) or 0)
