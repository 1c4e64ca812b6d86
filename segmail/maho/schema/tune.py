"""The index that a shop with a long history gains from; made only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from segmail.errors import SchemaError
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.tables import build_tables

_COLUMNS = ("status", "scheduled_at")
_NAME = "IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED"


def plan_tuning(database: Database, prefix: str) -> list[str]:
    """Return the statements that make the due rows quick to find; none where they are.

    Maho's index has the same columns the other way round, so that finding what is due walks over
    every row that ever was. Raises SchemaError where the automation has no tables.
    """
    with database.read() as connection:
        layout = find_layout(connection, prefix)
        if layout is None:
            raise SchemaError(
                "The automation has no tables yet. `segmail schema apply` creates what the "
                "specification adds."
            )
        table = build_tables(prefix, layout).progress
        indexes = index_columns(connection, table.name)
        quoted = connection.dialect.identifier_preparer.format_table(table)
        online = "" if connection.dialect.name == "sqlite" else " ALGORITHM=INPLACE LOCK=NONE"
    if is_tuned(indexes):
        return []
    columns = ", ".join(_COLUMNS)
    return [f"CREATE INDEX {prefix}{_NAME} ON {quoted} ({columns}){online}"]


def is_tuned(indexes: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether the index is among those of the progress table, given by their names."""
    return any(columns[:2] == _COLUMNS for columns in indexes.values())


def run_tuning(database: Database, statements: list[str]) -> None:
    """Run the statements, each committed by itself; the shop goes on meanwhile."""
    for statement in statements:
        database.change_schema(statement)
