"""Two people, or two scripts, who write segments from files at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import leaves
from segmail.segments.import_list import Import, import_list
from tests.campaign_files import apply
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

FILE = b"""\
segments:
  - name: VIP
    websites: [base]
    conditions:
      all:
        - lifetime: sales > 1000
"""
WORKERS = 4


def at_once(work: Callable[[int], str]) -> list[str]:
    """Return what every worker's `work` returns; they begin together."""
    barrier = Barrier(WORKERS)

    def begin(worker: int) -> str:
        barrier.wait(timeout=300)
        return work(worker)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(begin, range(WORKERS)))


@pytest.mark.usefixtures("sales")
def test_a_file_that_is_applied_at_once_creates_its_segment_once(shop: ShopBuilder) -> None:
    def create(_worker: int) -> str:
        [done] = apply(shop, FILE)
        return done.outcome

    outcomes = at_once(create)

    assert sorted(outcomes) == ["created", *["unchanged"] * (WORKERS - 1)]
    assert len(shop.rows(shop.tables.segment)) == 1


def test_lists_that_are_imported_at_once_keep_everybody(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    shop.segment("Tickets", website_ids="1")
    ids = [shop.customer() for _ in range(WORKERS)]

    def add(worker: int) -> str:
        what = Import(str(ids[worker]).encode(), "file", add=True)
        return import_list(shop.shop, "Tickets", what, dry_run=False, now=shop.now).outcome

    at_once(add)

    [leaf] = leaves(read_conditions(shop.row(shop.tables.segment)["conditions_serialized"]))
    assert sorted(map(int, str(leaf.value).split(","))) == ids
