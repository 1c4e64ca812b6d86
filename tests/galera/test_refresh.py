"""The same segment refreshed on all nodes at once: a node knows nothing of the others' locks."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import update

from segmail.clock import Clock
from segmail.maho.shop import Shop
from segmail.segments.refresh import Choice, RefreshOptions, RefreshState, refresh_segments
from tests.database.refresh.refreshing import OUT, matching_group
from tests.galera.cluster import Cluster
from tests.galera.hosts import at_once
from tests.galera.shop import NOW, GaleraShop

_CUSTOMERS = 1_000
_DONE = {RefreshState.REFRESHED, RefreshState.UNFINISHED, RefreshState.BUSY}


@pytest.mark.parametrize("chunk", [5_000, 100])
def test_everybody_is_enrolled_once_and_stopped_once(
    cluster: Cluster, galera_shop: GaleraShop, chunk: int
) -> None:
    galera_shop.add_customers(_CUSTOMERS)
    cluster.wait_until_applied()

    for _ in range(3):
        _refresh_everywhere(galera_shop, chunk)
    enrolled = Counter(row["customer_id"] for row in galera_shop.rows())
    _move_everybody_out(galera_shop)
    cluster.wait_until_applied()
    for _ in range(3):
        _refresh_everywhere(galera_shop, chunk)

    assert enrolled == dict.fromkeys(range(1, _CUSTOMERS + 1), 1)
    cluster.wait_until_applied()
    for number in (1, 2, 3):
        assert Counter(row["status"] for row in galera_shop.rows(number)) == {"skipped": _CUSTOMERS}
    assert galera_shop.builder.rows(galera_shop.tables.member) == []


def _refresh_everywhere(shop: GaleraShop, chunk: int) -> None:
    at_once(*(lambda number=number: _refresh(shop, number, chunk) for number in (1, 2, 3)))


def _refresh(shop: GaleraShop, number: int, chunk: int) -> None:
    database = shop.database(number)
    [done] = refresh_segments(
        Shop(database, shop.tables),
        Choice(all_=True),
        RefreshOptions(chunk=chunk),
        clock=Clock(NOW),
        matching=matching_group(shop.builder),
    )
    database.close()
    assert done.state in _DONE, done.reason


def _move_everybody_out(shop: GaleraShop) -> None:
    customer = shop.tables.customer
    shop.builder.database.transact(lambda c: c.execute(update(customer).values(group_id=OUT)))
