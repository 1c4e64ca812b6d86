"""The indexes that a shop with a long history gains from; made only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from segmail.errors import SchemaError
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.tables import build_tables

# What is due, for `process-emails`; what was sent in a span of time, for `report`, which counts it
# by step without a look into the rows.
_INDEXES = {
    "IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED": ("status", "scheduled_at"),
    "IDX_SEGMENT_PROGRESS_STATUS_SENT": ("status", "sent_at", "sequence_id"),
}


def plan_tuning(database: Database, prefix: str) -> list[str]:
    """Return the statements that make due and sent rows quick to find; none where they are.

    Maho's index has the same columns the other way round, so that finding what is due walks over
    every row that ever was; and none leads to what was sent in a span of time. Raises SchemaError
    where the automation has no tables.
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
    return [
        f"CREATE INDEX {prefix}{name} ON {quoted} ({', '.join(columns)}){online}"
        for name, columns in _INDEXES.items()
        if not _has(indexes, columns)
    ]


def is_tuned(indexes: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether all are among those of the progress table, given by their names."""
    return all(_has(indexes, columns) for columns in _INDEXES.values())


def sent_index(indexes: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the name of the index that tells what was sent when; None where nobody made it."""
    wanted = _INDEXES["IDX_SEGMENT_PROGRESS_STATUS_SENT"]
    return next((name for name, has in indexes.items() if has[: len(wanted)] == wanted), None)


def _has(indexes: Mapping[str, tuple[str, ...]], wanted: tuple[str, ...]) -> bool:
    return any(columns[: len(wanted)] == wanted for columns in indexes.values())


def run_tuning(database: Database, statements: list[str]) -> None:
    """Run the statements, each committed by itself; the shop goes on meanwhile."""
    for statement in statements:
        database.change_schema(statement)
