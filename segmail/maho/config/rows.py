"""Writes segmail's own values in the shop's configuration, where all hosts see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from segmail.maho.db.database import Conflict
from segmail.maho.schema.transaction import Transaction


def delete_config(tx: Transaction, paths: Collection[str]) -> None:
    """Delete the values of these paths at default scope, in the caller's transaction."""
    c = tx.tables.config.c
    tx.connection.execute(
        delete(tx.tables.config).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    )


def write_config(tx: Transaction, values: Mapping[str, str]) -> None:
    """Set these paths at default scope, in the caller's transaction.

    Raises Conflict, for `Database.transact` to repeat it, if two hosts do so at once.
    """
    if not values:
        return
    c = tx.tables.config.c
    here = (c.scope == "default", c.scope_id == 0, c.path.in_(values))
    tx.connection.execute(delete(tx.tables.config).where(*here))
    rows = [
        {"scope": "default", "scope_id": 0, "path": path, "value": value}
        for path, value in values.items()
    ]
    try:
        tx.connection.execute(insert(tx.tables.config), rows)
    except IntegrityError as error:  # another host is writing them at this moment
        raise Conflict from error
