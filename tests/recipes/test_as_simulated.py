"""A simulation tells what happens when the same days are really played."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.settings import Settings
from segmail.simulate.rhythm import Rhythm
from segmail.simulate.simulate import Question, Watching, simulated
from tests.database.simulate.played_shop import fill, play, recipes, state
from tests.shop_builder import ShopBuilder

DAYS, RHYTHM = 3, Rhythm(refresh=60, send=30, limit=20)
EVENTS = (
    "3 orders for 40 on day 2 at 10:07",
    "5 unsubscribes on day 2 at 23:50",
    "7 updates cart for 90 on day 1 at 20:20",
    "8 subscribes on day 3 at 9:00",
    "9 empties cart on day 2",
    "11 orders with coupon on day 3",
)


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.parametrize("seed", [2])
def test_the_same_customers_get_the_same_mails_at_the_same_times(
    shop: ShopBuilder, tmp_path: Path, seed: int
) -> None:
    fill(shop, seed=seed)
    question = Question(days=DAYS, files=recipes(), events=EVENTS, rhythm=RHYTHM)
    settings = Settings(state_dir=tmp_path / "none")

    with simulated(shop.shop, settings, question, now=shop.now, watching=Watching()) as simulation:
        told, sent = state(simulation.shop), simulation.found.sent
    before = state(shop.shop)
    play(
        shop.shop, tmp_path, start=shop.now, days=DAYS, rhythm=RHYTHM,
        files=question.files, events=EVENTS,
    )  # fmt: skip
    happened = state(shop.shop)

    assert before == {"members": [], "progress": []}
    assert told["members"] == happened["members"]
    only_told = set(told["progress"]) - set(happened["progress"])
    only_happened = set(happened["progress"]) - set(told["progress"])
    assert (sorted(only_told, key=str), sorted(only_happened, key=str)) == ([], [])
    assert sent == len(list((tmp_path / "mails").glob("*.eml"))) > 20
