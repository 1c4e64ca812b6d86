"""Remembers in the shop's configuration that `schema tune` was run there.

`./maho migrate` drops every index that no module declares, at each upgrade of Maho. Only who knows
that there was one can notice its loss.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from segmail.maho.config.rows import write_config
from segmail.maho.schema.tables import Tables

_PATH = "customer_segmentation/segmail/tuned"


def remember_tuned(connection: Connection, tables: Tables) -> None:
    """Keep that the index was made; raises Conflict for `Database.transact` to repeat it."""
    write_config(connection, tables, {_PATH: "1"})


def was_tuned(connection: Connection, tables: Tables) -> bool:
    """Return whether the index was ever made by `schema tune`."""
    c = tables.config.c
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path == _PATH)
    return connection.scalar(query) is not None
