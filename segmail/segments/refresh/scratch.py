"""Temporary tables of one connection: who matches, and who enters and leaves.

So the conditions are read once and every statement of a refresh sees the same answer, without an
id ever passing through Python. MySQL keeps such tables when a transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, MetaData, String, Table, text

from segmail.maho.types import UInt

_METADATA = MetaData()

MATCHED = Table(
    "segmail_matched",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)

CHANGED = Table(
    "segmail_changed",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    Column("direction", String(5), nullable=False),  # enter or exit
    Column("verdict", String(60), nullable=False),  # enrolled, or why not
    prefixes=["TEMPORARY"],
)


@contextmanager
def scratch_tables(connection: Connection) -> Iterator[None]:
    """Create the temporary tables, empty, and drop them in the end."""
    _drop(connection)
    for table in (MATCHED, CHANGED):
        table.create(connection, checkfirst=False)
    yield
    _drop(connection)


def _drop(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    for table in (MATCHED, CHANGED):
        # DROP TEMPORARY TABLE does not end the transaction, as DROP TABLE does.
        drop = f"DROP TABLE IF EXISTS temp.{table}" if sqlite else _drop_temporary(table)
        connection.execute(text(drop))


def _drop_temporary(table: Table) -> str:
    return f"DROP TEMPORARY TABLE IF EXISTS {table}"
