"""Remembers which steps `--prune` switched off: a file that lists one again switches it on.

A step that a person switched off stays off. The shop's configuration stores this.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from segmail.maho.config.rows import write_config
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/pruned/"


def load_pruned(tx: Transaction) -> frozenset[int]:
    """Return the sequence ids of the steps that were pruned."""
    c = tx.tables.config.c
    query = select(c.path).where(c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%"))
    ids = (path.removeprefix(_PATH) for path in tx.connection.scalars(query))
    return frozenset(int(id) for id in ids if id.isdecimal())


def remember_pruned(tx: Transaction, ids: Collection[int]) -> None:
    """Remember that these steps were pruned.

    Raises Conflict, for `Database.transact` to repeat it, if two hosts do so at once.
    """
    write_config(tx, {f"{_PATH}{id}": "1" for id in ids})


def forget_pruned(tx: Transaction, ids: Collection[int]) -> None:
    """Forget these steps, because they are listed again, or gone."""
    c = tx.tables.config.c
    paths = [f"{_PATH}{id}" for id in ids]
    tx.connection.execute(
        delete(tx.tables.config).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    )
