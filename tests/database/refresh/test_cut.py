"""A refresh that is cut off before any one of its statements."""

from __future__ import annotations

from itertools import count, groupby
from typing import Any

import pytest
from sqlalchemy import event

from tests.database.refresh.crowd import Crowd
from tests.database.refresh.refreshing import members, refresh_one
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

pytestmark = pytest.mark.both_engines


class Cut(Exception):
    """The process is gone."""


def refresh_until(shop: ShopBuilder, statement: int, **options: Any) -> bool:
    """Refresh; stop before that statement. Return whether there were so many."""
    numbers = count(1)

    def cut(*_: Any) -> None:
        if next(numbers) == statement:
            raise Cut

    event.listen(shop.database.engine, "before_cursor_execute", cut)
    try:
        refresh_one(shop, **options)
    except Cut:
        return True
    finally:
        event.remove(shop.database.engine, "before_cursor_execute", cut)
    return False


@pytest.mark.parametrize("prefix", [pytest.param("", marks=pytest.mark.thorough), "maho_"])
def test_it_has_changed_all_or_nothing(shop: ShopBuilder) -> None:
    crowd = Crowd(shop, 12)
    before = (members(shop, crowd.segment_id), crowd.rows())
    crowd.move(3)
    after = (crowd.expected_members(), crowd.expected_rows())

    cuts, seen = 0, [before]
    while refresh_until(shop, cuts + 1):
        cuts += 1
        seen.append((members(shop, crowd.segment_id), crowd.rows()))

    assert cuts > 15
    assert [state for state, _ in groupby([*seen, after])] == [before, after]
    assert (members(shop, crowd.segment_id), crowd.rows()) == after


def test_between_chunks_everybody_is_either_moved_with_all_steps_or_not_yet(
    mariadb_shop: ShopBuilder,
) -> None:
    crowd = Crowd(mariadb_shop, 250)
    crowd.move(4)

    cuts, partly, every = 0, 0, by_far(6, 1)
    while refresh_until(mariadb_shop, cuts * every + 1, chunk=3):
        cuts += 1
        now = members(mariadb_shop, crowd.segment_id)
        assert crowd.rows() == crowd.rows_of(now)
        left = now ^ crowd.expected_members()
        partly += bool(left)
        crowd.move(4 if len(left) < 4 else 0)

    assert (cuts > 50 // every, partly > 40 // every) == (True, True)
    assert members(mariadb_shop, crowd.segment_id) == crowd.expected_members()
    assert crowd.rows() == crowd.expected_rows()
