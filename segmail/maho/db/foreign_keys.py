"""Rows whose references lead nowhere: of a shop that was restored, or cleaned past its keys."""

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
    """Return what `work` returns, which is one statement about rows of any kind.

    InnoDB refuses to change a row in an index of a foreign key while what it refers to is gone, and
    with it all others of the statement. Then the statement is repeated without looking.
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
