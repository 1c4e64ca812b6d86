"""A server's refusals for want of a right, in words that a person can paste back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from segmail.errors import Fault

TEMPORARY = "CREATE TEMPORARY TABLES"
_NO_TEMPORARY_TABLE = 1044  # of a statement; of a login it means the database itself
REFUSED = {_NO_TEMPORARY_TABLE, 1142, 1143, 1227, 1370}  # for want of a right

# The servers' English; where `lc_messages` is another language, no GRANT can be made of it.
_REFUSED = re.compile(
    r"(?P<verbs>[A-Z]+(?: [A-Z]+)*(?:, [A-Z]+(?: [A-Z]+)*)*) command denied to user .*"
    r" table (?:`(?P<database>[^`]+)`\.)?[`'](?P<table>[^`']+)[`']"
)


def refused_right(connection: Connection, number: int, message: str) -> Fault | None:
    """Return which right was missing, and the GRANT for it; None if the server does not tell."""
    if number == _NO_TEMPORARY_TABLE:
        return missing_right(connection, [TEMPORARY], "")
    found = _REFUSED.search(message)
    if found is None:
        return None
    return missing_right(
        connection, found["verbs"].split(", "), found["table"], database=found["database"]
    )


def missing_right(
    connection: Connection, verbs: Iterable[str], table: str, *, database: str | None = None
) -> Fault:
    """Return that verbs are missing on a table, and the GRANT for them.

    With no table it is the right to temporary ones, which is one on the whole database.
    """
    account, here = _account(connection)
    listed = list(verbs)
    if not table:
        return Fault(
            "The database's user may not make temporary tables.",
            f"GRANT {TEMPORARY} ON `{here}`.* TO {account};",
        )
    return Fault(
        f"The database's user may not {' and '.join(listed)} {table}.",
        f"GRANT {', '.join(listed)} ON `{database or here}`.`{table}` TO {account};",
    )


def ask_refused_right(engine: Engine, number: int, message: str) -> Fault | None:
    """Do as `refused_right` does, on a connection of its own; None if there is none to be had."""
    try:
        with engine.connect() as connection:
            return refused_right(connection, number, message)
    except DBAPIError:
        return None


def _account(connection: Connection) -> tuple[str, str]:
    """Return the account that the server uses for this connection, quoted, and the database."""
    user, database = connection.exec_driver_sql("SELECT CURRENT_USER(), DATABASE()").one()
    name, _, host = str(user).rpartition("@")
    return f"'{name}'@'{host}'", str(database)
