"""Ids of rows that several nodes insert at once, while nodes come and go."""

from __future__ import annotations

import threading

from sqlalchemy import select

from segmail.maho.db.database import Database
from segmail.maho.db.insert import insert_rows
from tests.galera.cluster import Cluster
from tests.galera.hosts import at_once
from tests.galera.shop import GaleraShop

_ROWS = 40  # of a statement


def test_ids_are_those_of_the_rows_while_a_node_dies_and_comes_back(
    cluster: Cluster, galera_shop: GaleraShop
) -> None:
    stop = threading.Event()
    told: dict[int, str] = {}

    def die_and_come_back() -> None:
        cluster.nodes[2].kill()
        cluster.wait_for_size(2)
        cluster.heal()
        stop.set()

    at_once(
        die_and_come_back,
        *(lambda n=n: told.update(_insert_until(stop, galera_shop, n)) for n in (1, 2)),
    )

    table = galera_shop.tables.template.c
    cluster.wait_until_applied()
    with galera_shop.database(3).read() as connection:
        query = select(table.template_id, table.template_code).where(table.template_id.in_(told))
        stored = {row[0]: row[1] for row in connection.execute(query)}
    assert len(told) > 10 * _ROWS
    assert stored == told


def _insert_until(stop: threading.Event, shop: GaleraShop, number: int) -> dict[int, str]:
    """Insert rows on a node again and again; return their names by the ids that were told."""
    database, turn = Database(shop.url(number)), 0
    told: dict[int, str] = {}
    while not stop.is_set():
        turn += 1
        rows = [{"template_code": f"node {number} {turn} {row}"} for row in range(_ROWS)]
        ids = database.transact(lambda c, rows=rows: insert_rows(c, shop.tables.template, rows))  # type: ignore[misc]
        told.update(zip(ids, (row["template_code"] for row in rows), strict=True))
    database.close()
    return told
