"""A small crash storm; `bin/storm` is the large one."""

from __future__ import annotations

from pathlib import Path

from tests.shop_builder import ShopBuilder
from tests.storm.course import pass_over
from tests.storm.points import DELICATE
from tests.storm.storm import storm_over


def test_runs_killed_at_delicate_points_repeat_nothing_and_lose_nothing(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    with storm_over(mariadb_shop, tmp_path, workers=1, seed=1) as storm:
        course = pass_over(storm, DELICATE)

    assert course.faults == []
    assert course.kills == len(DELICATE)
    assert course.aftermath.sent > course.aftermath.interrupted.total()
