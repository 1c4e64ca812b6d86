"""The indexes from which a shop with a long history gains; made only on request."""

from __future__ import annotations

from collections.abc import Mapping

from segmail.errors import SchemaError
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.tables import build_tables

# For `process-emails`, rows that are due, and for `report`, rows that ended without a mail; and
# rows sent in a span of time, which `report` counts by step without reading them.
_INDEXES = {
    "IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED": ("status", "scheduled_at"),
    "IDX_SEGMENT_PROGRESS_STATUS_SENT": ("status", "sent_at", "sequence_id"),
}


def plan_tuning(database: Database, prefix: str) -> list[str]:
    """Return the statements that make due and sent rows quick to find; none if they already are.

    Maho's index has the same columns in the other order, so that finding due rows walks over every
    row that ever existed; and none finds what was sent in a span of time. Raises SchemaError if the
    automation has no tables.
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
    """Return whether the names of the progress table's indexes include all of them."""
    return all(_has(indexes, columns) for columns in _INDEXES.values())


def tuned_index(indexes: Mapping[str, tuple[str, ...]], time: str) -> str | None:
    """Return the name of the index by status and this time, `scheduled_at` or `sent_at`.

    None if it was not made.
    """
    [wanted] = [columns for columns in _INDEXES.values() if time in columns]
    return next((name for name, has in indexes.items() if has[: len(wanted)] == wanted), None)


def _has(indexes: Mapping[str, tuple[str, ...]], wanted: tuple[str, ...]) -> bool:
    return any(columns[: len(wanted)] == wanted for columns in indexes.values())


def run_tuning(database: Database, statements: list[str]) -> None:
    """Run the statements, each committed by itself; the shop keeps working meanwhile."""
    for statement in statements:
        database.change_schema(statement)
