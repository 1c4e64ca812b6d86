"""Queries that lock rows by their primary key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table


def locking(query: Select[Any], table: Table, *, shared: bool = False) -> Select[Any]:
    """Return a query by primary keys that locks the rows it finds, until commit.

    Without it, MySQL and MariaDB may scan a small table, and then wait for every row of it that
    somebody else has locked.
    """
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(table, "FORCE INDEX (PRIMARY)", dialect)
    return query.with_for_update(read=shared)
