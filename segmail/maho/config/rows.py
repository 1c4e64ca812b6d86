"""Writes what segmail itself keeps in the shop's configuration, where all hosts see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import IntegrityError

from segmail.maho.db.database import Conflict
from segmail.maho.schema.tables import Tables


def delete_config(connection: Connection, tables: Tables, paths: Collection[str]) -> None:
    """Let these paths have no value at default scope, in the caller's transaction."""
    c = tables.config.c
    connection.execute(
        delete(tables.config).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    )


def write_config(connection: Connection, tables: Tables, values: Mapping[str, str]) -> None:
    """Set these paths at default scope, in the caller's transaction.

    Raises Conflict, for `Database.transact` to repeat it, when two hosts do so at once.
    """
    if not values:
        return
    c = tables.config.c
    here = (c.scope == "default", c.scope_id == 0, c.path.in_(values))
    connection.execute(delete(tables.config).where(*here))
    rows = [
        {"scope": "default", "scope_id": 0, "path": path, "value": value}
        for path, value in values.items()
    ]
    try:
        connection.execute(insert(tables.config), rows)
    except IntegrityError as error:  # another host writes them at this moment
        raise Conflict from error
