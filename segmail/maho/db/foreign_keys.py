"""Changes rows whose references lead nowhere, in a shop restored or cleaned without its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from segmail.maho.db.database import error_number

T = TypeVar("T")

_NO_PARENT = {1216, 1452}
_CHECK = text("SET SESSION foreign_key_checks = :on")


def past_missing_rows(connection: Connection, work: Callable[[], T]) -> T:
    """Return what `work` returns, which runs one statement.

    InnoDB refuses to change a row in an index of a foreign key while the row that it refers to is
    missing, and refuses the whole statement with it. The statement is then repeated without
    checking foreign keys.
    """
    try:
        return work()
    except IntegrityError as error:
        if error_number(error) not in _NO_PARENT:
            raise
    connection.execute(_CHECK, {"on": 0})
    try:
        return work()
    finally:
        connection.execute(_CHECK, {"on": 1})
