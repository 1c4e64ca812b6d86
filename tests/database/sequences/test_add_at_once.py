"""Two people, or two scripts, who add steps to one segment at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from segmail.maho.schema.tables import Layout
from segmail.sequences.add import add_step
from segmail.sequences.wanted_step import StepOptions
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.mark.parametrize("layout", list(Layout))
def test_steps_that_are_added_at_once_get_numbers_of_their_own(shop: ShopBuilder) -> None:
    shop.segment("VIP")
    shop.template(code="Welcome")

    def add(hours: int) -> int:
        options = StepOptions(template="Welcome", delay=f"{hours}h")
        return add_step(shop.shop, "VIP", options, if_missing=False, now=shop.now).step.step_number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(add, range(8)))

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_scripts_that_seed_at_once_add_one_step(shop: ShopBuilder) -> None:
    shop.segment("VIP")
    shop.template(code="Welcome")
    options = StepOptions(template="Welcome")

    def seed(_run: int) -> bool:
        return add_step(shop.shop, "VIP", options, if_missing=True, now=shop.now).created

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(seed, range(8)))

    assert sum(created) == 1
    assert len(shop.rows(shop.tables.sequence)) == 1
