"""Which Maho a shop is of, as far as its tables tell."""

from __future__ import annotations

from sqlalchemy import Connection, text

from segmail.maho.schema.tables import Tables


def dates_are_timestamps(connection: Connection, tables: Tables) -> bool:
    """Return whether this is Maho up to 26.3, whose date columns are still TIMESTAMP."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return False
    query = text(
        "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND table_name = :table AND column_name = 'queue_start_at'"
    )
    return str(connection.scalar(query, {"table": tables.queue.name})).lower() == "timestamp"
