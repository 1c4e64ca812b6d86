"""A refresh that is cut off before any one of its statements."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import event

from tests.database.refresh.crowd import Crowd
from tests.database.refresh.refreshing import members, refresh_one
from tests.shop_builder import ShopBuilder


class Cut(Exception):
    """The process is gone."""


def refresh_until(shop: ShopBuilder, statement: int) -> bool:
    """Refresh; stop before that statement. Return whether there were so many."""
    numbers = count(1)

    def cut(*_: Any) -> None:
        if next(numbers) == statement:
            raise Cut

    event.listen(shop.database.engine, "before_cursor_execute", cut)
    try:
        refresh_one(shop)
    except Cut:
        return True
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", cut)
    return False


@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_it_has_changed_all_or_nothing(shop: ShopBuilder) -> None:
    crowd = Crowd(shop, 12)
    before = (members(shop, crowd.segment_id), crowd.rows())
    crowd.move(3)
    after = (crowd.expected_members(), crowd.expected_rows())

    cuts = 0
    while refresh_until(shop, cuts + 1):
        cuts += 1
        assert (members(shop, crowd.segment_id), crowd.rows()) == before

    assert cuts > 15
    assert (members(shop, crowd.segment_id), crowd.rows()) == after
