"""Indexes that Maho creates and conditions join by, if a shop has lost them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Table, UniqueConstraint, inspect

from segmail.doctor.findings import Area, AreaFinding
from segmail.findings import Finding, Severity
from segmail.maho.config.tuned import was_tuned
from segmail.maho.progress import has_long_history
from segmail.maho.schema.check import find_indexes
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import is_tuned

_JOINED = ("customer_id", "order_id", "parent_id", "quote_id", "wishlist_id", "entity_id",
           "product_id", "review_id")  # fmt: skip


def lost_tuning(tx: Transaction) -> Iterator[AreaFinding]:
    """Yield a warning if `schema tune` was run and its index is gone.

    If it was not run, and the history is long, yield a note that it would help.
    """
    if is_tuned(tx):
        return
    advice = "segmail schema tune --yes"
    if was_tuned(tx):
        what = (
            "The index that `segmail schema tune` made is gone: `./maho migrate` drops every index "
            "that no module declares. (Or it was run by a version that made fewer or smaller ones.)"
        )
        yield Finding(Severity.WARNING, Area.INDEXES, what, advice)
    elif has_long_history(tx):
        what = (
            "There may be more than a million steps in the history, and no index tells which were "
            "sent when, or wait: `report`, and at times `process-emails`, read them all."
        )
        yield Finding(Severity.NOTE, Area.INDEXES, what, advice)


def lost_indexes(
    connection: Connection, prefix: str, rows: Mapping[str, int]
) -> Iterator[AreaFinding]:
    """Yield a warning for each, in the tables of `rows`: names without prefix, and their sizes."""
    for table in build_sales_tables(prefix).metadata.sorted_tables:
        if count := rows.get(table.name.removeprefix(prefix)):
            found, _unique = find_indexes(inspect(connection), table.name)
            there = {columns[0] for columns in found if columns}
            for column in sorted(_wanted(table) - there):
                yield _warning(table, column, count)


def _wanted(table: Table) -> set[str]:
    """Return the columns of a table that are joined by and that an index of Maho begins with."""
    unique = [one.columns for one in table.constraints if isinstance(one, UniqueConstraint)]
    plain = [one.columns for one in table.indexes]
    begun = {next(iter(columns)).name for columns in (*plain, *unique, table.primary_key.columns)}
    return begun & set(_JOINED)


def _warning(table: Table, column: str, rows: int) -> AreaFinding:
    what = (
        f"{table.name} has about {rows:,} rows and no index on {column}, which Maho itself "
        "creates: whatever looks up rows by it, in the shop and here, reads the whole table."
    )
    advice = f"CREATE INDEX segmail_{column} ON {table.name} ({column});"
    return Finding(Severity.WARNING, Area.INDEXES, what, advice)
