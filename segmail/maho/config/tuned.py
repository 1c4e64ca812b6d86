"""Remembers in the shop's configuration that `schema tune` was run there.

At each upgrade, `./maho migrate` drops every index that no module declares. Its loss can only be
noticed if it is known that the index existed.
"""

from __future__ import annotations

from sqlalchemy import select

from segmail.maho.config.rows import write_config
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/tuned"


def remember_tuned(tx: Transaction) -> None:
    """Store that the index was made; raises Conflict for `Database.transact` to repeat it."""
    write_config(tx, {_PATH: "1"})


def was_tuned(tx: Transaction) -> bool:
    """Return whether the index was ever made by `schema tune`."""
    c = tx.tables.config.c
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path == _PATH)
    return tx.connection.scalar(query) is not None
