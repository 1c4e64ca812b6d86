"""Which rights the database user needs for each part of segmail, checked without changing anything.

The server itself is asked, by EXPLAIN of statements that touch no row: EXPLAIN needs the same
rights as the statement, whoever granted them and how (roles, wildcards, columns), and runs nothing.
Only the right to temporary tables is tried by creating one, which this connection alone sees.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from segmail.errors import ConfigError, Fault
from segmail.maho.db.database import (
    NO_SUCH,
    READ_ONLY,
    cure,
    error_number,
    is_unusable_table,
    words,
)
from segmail.maho.db.denied import REFUSED, TEMPORARY, missing_right
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction


@dataclass(frozen=True)
class Right:
    """A right on a table (without prefix); `column` is one that the statement uses."""

    verb: str
    table: str
    column: str

    def statement(self, prefix: str) -> str:
        """Return a statement that needs the right and does nothing."""
        table = f"`{prefix}{self.table}`"
        if self.verb == "SELECT":
            return f"SELECT `{self.column}` FROM {table} WHERE 1 = 0"
        if self.verb == "INSERT":
            return f"INSERT INTO {table} (`{self.column}`) SELECT NULL FROM DUAL WHERE 1 = 0"
        if self.verb == "UPDATE":
            return f"UPDATE {table} SET `{self.column}` = NULL WHERE 1 = 0"
        return f"DELETE FROM {table} WHERE 1 = 0"


_PROGRESS = "customer_segment_sequence_progress"
SENDING = (
    Right("UPDATE", _PROGRESS, "scheduled_at"),
    Right("INSERT", _PROGRESS, "scheduled_at"),  # of a step that repeats
    Right("INSERT", "newsletter_queue", "template_id"),
    Right("UPDATE", "newsletter_queue", "queue_status"),
    Right("DELETE", "newsletter_queue", "queue_id"),
    Right("INSERT", "newsletter_queue_link", "queue_id"),
    Right("SELECT", "newsletter_problem", "queue_id"),  # read when the first mails are settled
    Right("INSERT", "newsletter_problem", "queue_id"),
    Right("INSERT", "core_config_data", "path"),
    Right("DELETE", "core_config_data", "path"),
)
COUPONS = (
    Right("SELECT", "salesrule_coupon", "code"),
    Right("INSERT", "salesrule_coupon", "code"),
    Right("DELETE", "salesrule_coupon", "code"),
)
REFRESHING = (
    Right(TEMPORARY, "", ""),
    Right("UPDATE", "customer_segment", "matched_customers_count"),
    Right("INSERT", "customer_segment_customer", "customer_id"),
    Right("DELETE", "customer_segment_customer", "customer_id"),
    Right("INSERT", _PROGRESS, "customer_id"),
    Right("UPDATE", _PROGRESS, "status"),
    Right("DELETE", _PROGRESS, "customer_id"),
    Right("INSERT", "newsletter_queue", "template_id"),
    Right("INSERT", "newsletter_problem", "queue_id"),
    Right("INSERT", "core_config_data", "path"),
    Right("DELETE", "core_config_data", "path"),
)


CAMPAIGNS = (
    *(
        Right(verb, table, column)
        for table, column in (
            ("newsletter_template", "template_code"),
            ("salesrule", "name"),
            ("customer_segment", "name"),
            ("customer_segment_email_sequence", "step_number"),
        )
        for verb in ("INSERT", "UPDATE")
    ),
    *(
        Right(verb, table, column)
        for table, column in (
            ("salesrule_website", "rule_id"),
            ("salesrule_customer_group", "rule_id"),
            ("core_config_data", "path"),
        )
        for verb in ("INSERT", "DELETE")
    ),
    Right("DELETE", "customer_segment_email_sequence", "step_number"),
    Right("UPDATE", _PROGRESS, "status"),
    Right("INSERT", "newsletter_queue", "template_id"),
    Right("INSERT", "newsletter_problem", "queue_id"),
    Right(TEMPORARY, "", ""),
)


STEPS = (  # the `sequence` commands and `segment automation`
    Right(TEMPORARY, "", ""),
    Right("UPDATE", "customer_segment", "auto_email_active"),
    Right("INSERT", "customer_segment_email_sequence", "step_number"),
    Right("UPDATE", "customer_segment_email_sequence", "step_number"),
    Right("DELETE", "customer_segment_email_sequence", "step_number"),
    Right("UPDATE", _PROGRESS, "status"),
    Right("DELETE", _PROGRESS, "status"),
    Right("INSERT", "newsletter_queue", "template_id"),
    Right("INSERT", "newsletter_problem", "queue_id"),
    Right("INSERT", "core_config_data", "path"),
    Right("DELETE", "core_config_data", "path"),
)

RETRYING = (
    Right("UPDATE", _PROGRESS, "status"),
    Right("INSERT", "newsletter_problem", "queue_id"),
)
RECOVERING = (
    Right("UPDATE", _PROGRESS, "status"),
    Right("INSERT", _PROGRESS, "scheduled_at"),  # of a step that repeats
)
CLEANING_PROGRESS = (Right("DELETE", _PROGRESS, "progress_id"),)
CLEANING_COUPONS = (Right("DELETE", "salesrule_coupon", "coupon_id"),)

SETTINGS = (
    Right("INSERT", "core_config_data", "path"),
    Right("DELETE", "core_config_data", "path"),
)
IMPORTING = (Right("UPDATE", "customer_segment", "conditions_serialized"), *SETTINGS)


def reading(tables: Tables) -> tuple[Right, ...]:
    """Return the rights to read every table that each shop has."""
    return tuple(
        Right("SELECT", table.name.removeprefix(tables.prefix), table.columns[0].name)
        for table in tables.metadata.sorted_tables
    )


def check_rights(tx: Transaction, rights: Collection[Right]) -> None:
    """Raise ConfigError if the database user lacks one of the rights."""
    prefix = tx.tables.prefix
    if missing := list(missing_rights(tx.connection, prefix, rights)):
        raise ConfigError(right_faults(tx.connection, missing, prefix))


@contextmanager
def rights_told(
    read: Callable[[], AbstractContextManager[Transaction]], rights: Collection[Right] = ()
) -> Iterator[None]:
    """Tell every right that is missing, instead of the one for which a statement was refused.

    These are `rights`, and those to read. Where none of them is missing, the refusal itself is
    raised.
    """
    try:
        yield
    except ConfigError as error:
        if is_denied(error):
            with read() as tx:
                check_rights(tx, (*reading(tx.tables), *rights))
        raise


def is_denied(error: Exception) -> bool:
    """Return whether a statement was refused because this user, or anybody, may only read."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and error_number(cause) in REFUSED | READ_ONLY


def missing_rights(
    connection: Connection, prefix: str, rights: Collection[Right]
) -> Iterator[Right]:
    """Yield the rights that this connection's user lacks; none on SQLite.

    Raises what the server says of a table that is missing or damaged: it would say so on the way.
    """
    if connection.dialect.name == "sqlite":
        return
    for right in rights:
        try:
            if right.verb == TEMPORARY:
                _make_temporary_table(connection)
            else:
                connection.exec_driver_sql(f"EXPLAIN {right.statement(prefix)}").close()
        except DBAPIError as error:
            if error_number(error) in REFUSED:
                yield right
            elif error.connection_invalidated or is_unusable_table(error):
                raise


def unreadable_tables(connection: Connection, tables: Tables) -> dict[str, Fault]:
    """Return why tables cannot be read although they are there, by their names.

    The right is missing, the table is damaged, or it is a view of something that is gone.
    """
    found: dict[str, Fault] = {}
    if connection.dialect.name == "sqlite":
        return found
    for right in reading(tables):
        name = tables.prefix + right.table
        try:
            # Not explained: that takes more rights, where the table is a view.
            connection.exec_driver_sql(right.statement(tables.prefix)).close()
        except DBAPIError as error:
            number = error_number(error)
            if error.connection_invalidated:
                raise
            if number in REFUSED:
                found[name] = missing_right(connection, [right.verb], name)
            elif number not in NO_SUCH:
                found[name] = Fault(f"{name} cannot be read: {words(error)}.", cure(error))
    return found


def write_nothing(tx: Transaction) -> None:
    """Begin to write, without a change: a server that is read-only refuses it."""
    right = Right("DELETE", "core_config_data", "path")
    tx.connection.exec_driver_sql(right.statement(tx.tables.prefix)).close()


def right_faults(connection: Connection, missing: Sequence[Right], prefix: str) -> list[Fault]:
    """Return a fault for each table on which rights are missing, with the statement to paste."""
    tables: dict[str, dict[str, None]] = {}
    for right in missing:
        tables.setdefault(right.table, {})[right.verb] = None
    return [
        missing_right(connection, verbs, f"{prefix}{table}" if table else "")
        for table, verbs in tables.items()
    ]


def _make_temporary_table(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TEMPORARY TABLE segmail_may (id INT)").close()
    connection.exec_driver_sql("DROP TEMPORARY TABLE segmail_may").close()
