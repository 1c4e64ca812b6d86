"""What a shop's columns tell: its layout, its Maho release, and which characters they hold."""

from __future__ import annotations

from sqlalchemy import Connection, text

from segmail.maho.db.information_schema import column_names
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction


def find_layout(connection: Connection, prefix: str) -> Layout | None:
    """Return the layout of the shop's automation tables; None if they do not exist yet.

    Shipped Maho keeps the trigger in the step (`trigger_event`), SPEC in the segment
    (`auto_email_trigger`). If both columns exist, Maho's module is the one in use.
    """
    if "trigger_event" in column_names(connection, f"{prefix}customer_segment_email_sequence"):
        return Layout.SHIPPED
    if "auto_email_trigger" in column_names(connection, f"{prefix}customer_segment"):
        return Layout.SPEC
    return None


def dates_are_timestamps(tx: Transaction) -> bool:
    """Return whether this is Maho up to 26.3, whose date columns are still TIMESTAMP."""
    if tx.connection.dialect.name not in ("mysql", "mariadb"):
        return False
    query = text(
        "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND table_name = :table AND column_name = 'queue_start_at'"
    )
    return str(tx.connection.scalar(query, {"table": tx.tables.queue.name})).lower() == "timestamp"


def holds_four_bytes(tx: Transaction) -> bool:
    """Return whether `newsletter_queue` can hold every character, emoji included.

    Maho creates its tables in three-byte utf8; some merchants have converted them to utf8mb4.
    """
    if tx.connection.dialect.name not in ("mysql", "mariadb"):
        return True
    query = text(
        "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND table_name = :table AND character_set_name <> 'utf8mb4'"
    )
    return not tx.connection.scalar(query, {"table": tx.tables.queue.name})
