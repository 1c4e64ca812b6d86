"""The indexes that help a shop with a long history, or many subscribers; made on request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Table

from segmail.errors import ConfigError, Fault, SchemaError
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.rights import is_denied
from segmail.maho.schema.tables import Tables, build_tables
from segmail.maho.schema.transaction import Transaction

# For `process-emails`, rows that are due, and for `report`, rows that wait or ended without a mail;
# rows sent in a span of time; both have what `report` asks of a row, so that it counts by step
# without reading the rows; and a customer's last mail, which `report` looks up for each order.
_INDEXES = {
    "IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED": (
        "status",
        "scheduled_at",
        "progress_id",  # rows due at the same time are sent in this order
        "sequence_id",
        "queue_id",
        "created_at",
    ),
    "IDX_SEGMENT_PROGRESS_STATUS_SENT": ("status", "sent_at", "sequence_id"),
    "IDX_SEGMENT_PROGRESS_CUSTOMER_SENT": ("customer_id", "status", "sent_at"),
}
# For `process-emails`, the addresses that have unsubscribed: it reads them every few seconds.
_OF_SUBSCRIBERS = {
    "IDX_SUBSCRIBER_STATUS_STORE_EMAIL": ("subscriber_status", "store_id", "subscriber_email"),
}


def plan_tuning(database: Database, prefix: str) -> list[str]:
    """Return the statements that make these rows quick to find; none if they already are.

    Maho's index has the same columns in the other order, so that finding due rows walks over every
    row that ever existed; none finds what was sent in a span of time, or last to a customer, or who
    has unsubscribed.
    Raises SchemaError if the automation has no tables.
    """
    with database.read() as connection:
        layout = find_layout(connection, prefix)
        if layout is None:
            raise SchemaError(
                "The automation has no tables yet. `segmail schema apply` creates what the "
                "specification adds."
            )
        tables = build_tables(prefix, layout)
        return [
            statement
            for table, name, columns in _lacking(connection, tables)
            for statement in _statements(connection, table, f"{prefix}{name}", columns)
        ]


def _statements(
    connection: Connection, table: Table, name: str, columns: tuple[str, ...]
) -> Iterator[str]:
    """Yield what makes an index, in place of one of its name that an earlier version made."""
    quoted = connection.dialect.identifier_preparer.format_table(table)
    is_sqlite = connection.dialect.name == "sqlite"
    listed = ", ".join(columns)
    if name not in index_columns(connection, table.name):
        online = "" if is_sqlite else " ALGORITHM=INPLACE LOCK=NONE"
        yield f"CREATE INDEX {name} ON {quoted} ({listed}){online}"
    elif is_sqlite:
        yield f"DROP INDEX {name}"
        yield f"CREATE INDEX {name} ON {quoted} ({listed})"
    else:  # with one statement, so that runs always find one of them
        yield (
            f"ALTER TABLE {quoted} DROP INDEX {name}, ADD INDEX {name} ({listed}), "
            "ALGORITHM=INPLACE, LOCK=NONE"
        )


def is_tuned(tx: Transaction) -> bool:
    """Return whether all of them exist."""
    return not any(_lacking(tx.connection, tx.tables))


def _lacking(
    connection: Connection, tables: Tables
) -> Iterator[tuple[Table, str, tuple[str, ...]]]:
    """Yield the table, the name and the columns of each missing index."""
    for table, wanted in ((tables.progress, _INDEXES), (tables.subscriber, _OF_SUBSCRIBERS)):
        there = index_columns(connection, table.name)
        for name, columns in wanted.items():
            if not _has(there, columns):
                yield table, name, columns


def tuned_index(indexes: Mapping[str, tuple[str, ...]], time: str) -> str | None:
    """Return the name of the index by status and this time, `scheduled_at` or `sent_at`.

    None if it was not made. An earlier version's has fewer columns (`waiting_index`).
    """
    return _beginning(indexes, ("status", time))


def waiting_index(indexes: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the name of the index that tells of a row that waits without reading it, or None."""
    return _beginning(indexes, _INDEXES["IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED"])


def mails_index(indexes: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the name of the index that has a customer's mails in order; None if there is none."""
    return _beginning(indexes, _INDEXES["IDX_SEGMENT_PROGRESS_CUSTOMER_SENT"])


def _beginning(indexes: Mapping[str, tuple[str, ...]], wanted: tuple[str, ...]) -> str | None:
    return next((name for name, has in indexes.items() if has[: len(wanted)] == wanted), None)


def _has(indexes: Mapping[str, tuple[str, ...]], wanted: tuple[str, ...]) -> bool:
    return _beginning(indexes, wanted) is not None


def run_tuning(database: Database, statements: list[str]) -> None:
    """Run the statements, each committed by itself; the shop keeps working meanwhile.

    Where the right to one is missing, the others are run all the same. Raises ConfigError with
    every right that is missing.
    """
    refused: list[Fault] = []
    for statement in statements:
        try:
            database.change_schema(statement)
        except ConfigError as error:
            if not is_denied(error):
                raise
            refused += error.faults
    if refused:
        raise ConfigError(dict.fromkeys(refused))
