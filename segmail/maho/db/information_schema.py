"""What a database says about its tables, asked without SQLAlchemy's reflection.

Reflection reads and parses whole CREATE TABLE statements, on which a run with nothing to do would
spend a twentieth of its time.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import NoSuchTableError

_COLUMNS = text(
    "SELECT column_name FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = :table"
)
_TABLES = text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
_INDEXES = text(
    "SELECT index_name, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND table_name = :table ORDER BY index_name, seq_in_index"
)
_REFERRING = (
    "SELECT table_name FROM information_schema.key_column_usage WHERE table_schema = DATABASE() "
    "AND table_name = '{}' AND column_name = :column AND referenced_table_name IS NOT NULL"
)
_TIMESTAMPS = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE "
    "table_schema = DATABASE() AND table_name = '{}' AND data_type = 'timestamp'"
)


def column_names(connection: Connection, table: str) -> set[str]:
    """Return the names of a table's columns; none if the table does not exist."""
    if connection.dialect.name == "sqlite":
        try:
            return {column["name"] for column in inspect(connection).get_columns(table)}
        except NoSuchTableError:
            return set()
    return set(connection.scalars(_COLUMNS, {"table": table}))


def table_names(connection: Connection) -> frozenset[str]:
    """Return the names of the tables that the connection's user may read in any way."""
    if connection.dialect.name == "sqlite":
        return frozenset(inspect(connection).get_table_names())
    return frozenset(map(str, connection.scalars(_TABLES)))


def index_columns(connection: Connection, table: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of each index, by its name; none if the table does not exist."""
    if connection.dialect.name == "sqlite":
        try:
            found = inspect(connection).get_indexes(table)
        except NoSuchTableError:
            return {}
        return {str(index["name"]): tuple(map(str, index["column_names"])) for index in found}
    columns: dict[str, tuple[str, ...]] = {}
    for name, column in connection.execute(_INDEXES, {"table": table}):
        columns[name] = (*columns.get(name, ()), column)
    return columns


def referring_tables(connection: Connection, tables: Iterable[str], column: str) -> set[str]:
    """Return those of the tables that have a foreign key on this column; one statement.

    The names must be plain SQL names; see `timestamp_columns`.
    """
    if connection.dialect.name == "sqlite":
        keys = {table: inspect(connection).get_foreign_keys(table) for table in tables}
        return {
            table
            for table, found in keys.items()
            if any(key["constrained_columns"] == [column] for key in found)
        }
    query = " UNION ".join(_REFERRING.format(table) for table in tables)
    return set(map(str, connection.scalars(text(query), {"column": column})))


def timestamp_columns(connection: Connection, tables: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return the TIMESTAMP columns of some tables, each with its table, with one statement.

    The names must be plain SQL names. Servers look tables up one by one if each is named
    separately; for a list, MariaDB opens every table that exists.
    """
    if connection.dialect.name == "sqlite":
        return frozenset()
    query = " UNION ALL ".join(_TIMESTAMPS.format(table) for table in tables)
    return frozenset((str(row[0]), str(row[1])) for row in connection.execute(text(query)))
