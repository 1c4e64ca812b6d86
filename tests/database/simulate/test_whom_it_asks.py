"""A simulation asks only whom it must, and finds what it finds when each refresh asks everybody."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from segmail.segments.conditions.tree import ConditionNode
from segmail.segments.conditions.write import conditions_as_json
from segmail.settings import Settings
from segmail.simulate.findings import Findings
from segmail.simulate.record import PlayedRow
from segmail.simulate.rhythm import Rhythm
from segmail.simulate.simulate import Question, Watching, simulated
from tests.database.simulate.played_shop import CUSTOMERS, fill, recipes, state
from tests.sales_builder import every, leaf
from tests.shop_builder import ShopBuilder

SEEDS = (4,) if settings().max_examples <= 50 else range(100)  # the latter in bin/fuzz
DEEDS = ("orders for 40", "unsubscribes", "subscribes", "updates cart", "empties cart", "orders")


def segments(shop: ShopBuilder) -> None:
    """Add what the recipes lack: minutes, lists that end, and segments that name each other."""

    def add(name: str, *conditions: ConditionNode) -> int:
        id = shop.segment(name, conditions_serialized=conditions_as_json(every(*conditions)))
        for number, hours in ((1, 1), (2, 10)):
            shop.step(id, number=number, delay_minutes=60 * hours)
        return id

    ends = (shop.now + timedelta(hours=hours) for hours in (3, 20))
    listed = ",".join(f"{id}@{end:%Y-%m-%dT%H:%M:%S}" for id, end in enumerate(ends, start=2))
    fresh = add("Fresh cart", leaf("cart_attributes", "minutes_since_updated", "<=", "2000"))
    add("No newcomer", leaf("customer_attributes", "hours_since_registration", ">", "200"))
    add("Listed", leaf("list", "customer_id", "()", f"1,{listed}"))
    add("In fresh", leaf("segment", "member_of", "==", f"{fresh}"))
    add("Not in fresh", leaf("segment", "member_of", "!=", f"{fresh}"))
    add("Nothing runs", leaf("sequence", "running", "==", f"{fresh}:0"))
    add("Had it", leaf("sequence", "finished", "==", f"{fresh}:1"))


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("seed", SEEDS)
def test_it_finds_the_same_when_each_refresh_asks_everybody(
    shop: ShopBuilder, tmp_path: Path, seed: int
) -> None:
    fill(shop, seed=seed)
    segments(shop)
    draw = random.Random(seed)  # noqa: S311 - not a secret
    events = [
        f"{draw.randrange(1, CUSTOMERS + 1)} {draw.choice(DEEDS)} on day 1 "
        f"at {draw.randrange(14, 24)}:{draw.randrange(60):02}"
        for _ in range(6)
    ]
    question = Question(
        days=1,
        files=recipes(("abandoned-cart",)),
        events=events,
        rhythm=Rhythm(refresh=180, send=180, limit=20),
    )

    def play(question: Question) -> tuple[Findings, list[PlayedRow], dict[str, list[Any]]]:
        told = Settings(state_dir=tmp_path / "none")
        with simulated(shop.shop, told, question, now=shop.now, watching=Watching()) as simulation:
            rows = [replace(row, coupon_code=None) for row in simulation.rows()]  # codes are drawn
            return simulation.found, rows, state(simulation.shop)

    told = play(question)
    found, _, _ = told
    assert told == play(replace(question, whole=True))
    assert found.sent > 10
    assert sum(day.entered for day in found.days if day.day > 1) > 0
    assert sum(day.left for day in found.days) > 2


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_segment_that_names_a_later_one_is_refreshed_after_it_as_by_cron(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    echo, named = shop.segment("Echo"), shop.segment("Named")
    for id in (echo, named):
        shop.step(id, delay_minutes=60)
    conditions = conditions_as_json(every(leaf("segment", "member_of", "==", f"{named}")))
    shop.change(shop.tables.segment, {"segment_id": echo}, conditions_serialized=conditions)
    shop.customer()
    question = Question(days=1, files=[], events=[], rhythm=Rhythm(refresh=180, send=60))

    told = Settings(state_dir=tmp_path / "none")
    with simulated(shop.shop, told, question, now=shop.now, watching=Watching()) as simulation:
        [first, second] = [row.at for row in simulation.rows() if row.is_sent]

    assert first == second
