"""Inserts many rows with one statement and returns their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, text

from segmail.maho.db.column_types import is_timestamp
from segmail.maho.db.database import Conflict

_STATEMENT_CHARACTERS = 250_000
_INCREMENT = text("SELECT @@auto_increment_increment")
_TIMESTAMP = "FROM_UNIXTIME(UNIX_TIMESTAMP(%s))"  # see `next_existing`


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Insert `rows`, which have the same columns, and return their ids in the same order.

    One statement carries about 250 KB of text: it takes little memory and fits into any
    `max_allowed_packet`.

    MySQL has no INSERT … RETURNING. Its documentation promises that one INSERT with a known number
    of rows takes ids that follow each other by `auto_increment_increment`, in every
    `innodb_autoinc_lock_mode`; `LAST_INSERT_ID()` is the first of them. SQLite, where transactions
    do not overlap, returns the last one instead.

    A Galera cluster changes the increment, in open sessions too, as soon as a node comes or goes;
    raises Conflict if that happened meanwhile, because then the ids are not known.
    """
    step = _step(connection) if len(rows) > 1 else 1
    ids: list[int] = []
    for some in _chunks(rows):
        known = _insert(connection, table, some)
        first = known - len(some) + 1 if connection.dialect.name == "sqlite" else known
        ids += [first + position * step for position in range(len(some))]
    if len(rows) > 1 and _step(connection) != step:
        raise Conflict
    return ids


def write_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, which have the same columns; one statement for about 250 KB of text."""
    for some in _chunks(rows):
        _insert(connection, table, some)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows and return the one id that the database reports."""
    names = list(rows[0])
    statement = _statement(connection, table, names, len(rows))
    result = connection.exec_driver_sql(statement, _stored(connection, table, names, rows))
    known: int = result.lastrowid
    return known


def _step(connection: Connection) -> int:
    """Return the distance between the ids of one statement."""
    if connection.dialect.name == "sqlite":
        return 1
    return int(connection.scalar(_INCREMENT) or 1)


def _statement(connection: Connection, table: Table, names: Sequence[str], rows: int) -> str:
    """Return the INSERT as text; SQLAlchemy would compile its thousand values one by one."""
    written = connection.dialect.identifier_preparer
    columns = ", ".join(written.format_column(table.c[name]) for name in names)
    place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    places = [_TIMESTAMP if is_timestamp(table.c[name].type) else place for name in names]
    values = f"({', '.join(places)})"
    return (
        f"INSERT INTO {written.format_table(table)} ({columns}) VALUES {', '.join([values] * rows)}"
    )


def _stored(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> tuple[Any, ...]:
    """Return the rows' values one after the other, as their columns store them."""
    dialect = connection.dialect
    columns = [
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
    ]
    return tuple(
        row[name] if store is None else store(row[name]) for row in rows for name, store in columns
    )


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    chunk: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        length = sum(len(value) for value in row.values() if isinstance(value, str))
        if chunk and size + length > _STATEMENT_CHARACTERS:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += length
    if chunk:
        yield chunk
