"""An open transaction of a shop: what every statement needs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from segmail.maho.schema.tables import Tables


@dataclass(frozen=True, slots=True)
class Transaction:
    """A connection with an open transaction, and the shop's tables in their layout.

    `Shop.read` and `Shop.transact` hand it out. The time is not part of it: statements that need it
    take `now`, so that a reader sees which do.
    """

    connection: Connection
    tables: Tables
