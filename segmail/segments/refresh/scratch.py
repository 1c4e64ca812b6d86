"""Temporary tables of one connection: who matches, and who enters and leaves.

So the conditions are read once and every statement of a refresh sees the same answer, without an
id ever passing through Python. They outlive a transaction, so a large refresh goes through them in
chunks; MySQL keeps them when one is rolled back.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, text

from segmail.maho.types import UInt

_METADATA = MetaData()

MATCHED = Table(
    "segmail_matched",
    _METADATA,
    Column("customer_id", UInt, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)


def _people(name: str) -> Table:
    return Table(
        name,
        _METADATA,
        Column("customer_id", UInt, primary_key=True, autoincrement=False),
        Column("direction", String(5), nullable=False),  # enter or exit
        Column("verdict", String(60), nullable=False),  # enrolled, or why not
        prefixes=["TEMPORARY"],
    )


CHANGED = _people("segmail_changed")
CHUNK = _people("segmail_chunk")  # those of CHANGED who are written next

_ALL = (MATCHED, CHANGED, CHUNK)


def create_scratch(connection: Connection) -> None:
    """Create the temporary tables, empty."""
    drop_scratch(connection)
    for table in _ALL:
        table.create(connection, checkfirst=False)


def drop_scratch(connection: Connection) -> None:
    """Drop those that there are."""
    sqlite = connection.dialect.name == "sqlite"
    for table in _ALL:
        # DROP TEMPORARY TABLE does not end the transaction, as DROP TABLE does.
        drop = f"DROP TABLE IF EXISTS temp.{table}" if sqlite else _drop_temporary(table)
        connection.execute(text(drop))


def _drop_temporary(table: Table) -> str:
    return f"DROP TEMPORARY TABLE IF EXISTS {table}"
