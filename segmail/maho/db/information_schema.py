"""What a database says of its tables, asked without SQLAlchemy's reflection.

That reads and takes apart whole CREATE TABLE statements, which a run with nothing to do would
spend a twentieth of its time on.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import NoSuchTableError

_COLUMNS = text(
    "SELECT column_name FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = :table"
)
_INDEXES = text(
    "SELECT index_name, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND table_name = :table ORDER BY index_name, seq_in_index"
)


def column_names(connection: Connection, table: str) -> set[str]:
    """Return the names of a table's columns; none where there is no such table."""
    if connection.dialect.name == "sqlite":
        try:
            return {column["name"] for column in inspect(connection).get_columns(table)}
        except NoSuchTableError:
            return set()
    return set(connection.scalars(_COLUMNS, {"table": table}))


def index_columns(connection: Connection, table: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of each index, by its name; none where there is no such table."""
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
