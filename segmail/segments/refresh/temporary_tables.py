"""Temporary tables of one connection: who matches, and who enters and leaves.

With them the conditions are read once and every statement of a refresh sees the same answer,
without an id ever passing through Python. They outlive a transaction, so a large refresh goes
through them in chunks; MySQL keeps them when a transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, text

from segmail.maho.db.column_types import UInt

_METADATA = MetaData()

MATCHED = Table(
    "segmail_matched",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)

ASKED = Table(  # used if not everybody is asked
    "segmail_asked",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)

CHANGED = Table(
    "segmail_changed",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    Column("direction", String(5), nullable=False),  # enter or exit
    prefixes=["TEMPORARY"],
)

CHUNK = Table(  # the customers of CHANGED who are written next
    "segmail_chunk",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    Column("direction", String(5), nullable=False),
    Column("verdict", String(60), nullable=False),  # enrolled, or the reason why not
    prefixes=["TEMPORARY"],
)


def create_scratch(connection: Connection) -> None:
    """Create the temporary tables that a refresh begins with, empty."""
    _renew(connection, MATCHED, CHANGED)


def create_asked(connection: Connection, customer_ids: Collection[int]) -> None:
    """Create ASKED with these customers."""
    _renew(connection, ASKED)
    if customer_ids:
        rows = [{"customer_id": id} for id in sorted(customer_ids)]
        connection.execute(insert(ASKED), rows)


def create_chunk(connection: Connection) -> None:
    """Create CHUNK, empty.

    A DELETE would take longer each time: InnoDB steps over the deleted rows of all earlier chunks.
    """
    _renew(connection, CHUNK)


def drop_scratch(connection: Connection) -> None:
    """Drop the temporary tables that exist."""
    _drop(connection, MATCHED, CHANGED, CHUNK, ASKED)


def _renew(connection: Connection, *tables: Table) -> None:
    _drop(connection, *tables)
    for table in tables:
        table.create(connection, checkfirst=False)


def _drop(connection: Connection, *tables: Table) -> None:
    if connection.dialect.name == "sqlite":
        for table in tables:
            connection.execute(text(f"DROP TABLE IF EXISTS temp.{table}"))
    else:
        # DROP TEMPORARY TABLE does not end the transaction, unlike DROP TABLE.
        names = ", ".join(map(str, tables))
        connection.execute(text(f"DROP TEMPORARY TABLE IF EXISTS {names}"))
