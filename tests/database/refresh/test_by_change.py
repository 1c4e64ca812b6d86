"""A refresh that asks only those for whom something has changed finds what a full one finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings

from segmail.clock import StandingClock
from segmail.segments.conditions.compile import FAMILIES, matching_customers
from segmail.segments.conditions.scope import KnownSegment, open_scope
from segmail.segments.conditions.touches import TOUCHED_BY, sources_of, uncovered
from segmail.segments.conditions.tree import leaves
from segmail.segments.conditions.write import conditions_as_json
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Choice, Refreshed, RefreshOptions, refresh_segments
from tests.database.refresh.histories import TREES, History
from tests.database.refresh.refreshing import members, order
from tests.sales_builder import SalesBuilder, every, leaf
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

# The latter in bin/fuzz.
STEPS, AT_ONCE = (7, 9) if settings().max_examples <= 50 else (300, 20)


def refresh(shop: ShopBuilder, *ids: int, **options: Any) -> list[Refreshed]:
    return refresh_segments(
        shop.shop,
        Choice([str(id) for id in ids]),
        RefreshOptions(by_change=True, **options),
        clock=StandingClock(shop.now),
        matching=matching_by_conditions(),
    )


@pytest.mark.hypothesis
def test_after_any_history_the_members_are_those_of_a_full_refresh(shop: ShopBuilder) -> None:
    history = History(SalesBuilder(shop), seed=STEPS)
    zone = history.pick.choice(("America/New_York", "Europe/Rome"))
    shop.config("general/locale/timezone", zone)
    trees = {
        shop.segment(f"{number}", conditions_serialized=conditions_as_json(tree)): tree
        for number, tree in enumerate(TREES, start=1)
    }
    asked, stale = 0, set[int]()
    for _ in range(STEPS):
        history.pass_time()
        if history.pick.random() < 0.1:
            history.import_rows()
            stale = set(trees)
        done = refresh(shop, *history.pick.sample(sorted(trees), AT_ONCE))
        asked += sum(one.asked is not None for one in done)
        stale -= {one.segment_id for one in done if one.asked is None}
        for one in done:
            if one.segment_id in stale:
                continue  # the first refresh of the next day heals it
            of = members(shop, one.segment_id)
            expected = history.sales.matching(trees[one.segment_id])
            assert of == expected, (trees[one.segment_id], one.asked, history.told[-20:])
            assert one.members == len(of)

    assert asked > STEPS * AT_ONCE / 5


ONE = every(leaf("order_attributes", "status", "==", "complete"))


@pytest.fixture
def one(shop: ShopBuilder) -> int:
    """The id of a segment of customers with a complete order, refreshed at the shop's now."""
    SalesBuilder(shop)
    id = shop.segment(conditions_serialized=conditions_as_json(ONE))
    refresh(shop, id)
    return id


def later(shop: ShopBuilder, *, hours: int = 0, minutes: int = 0) -> None:
    shop.now += timedelta(hours=hours, minutes=minutes)


def test_a_row_that_was_committed_minutes_late_is_found(shop: ShopBuilder, one: int) -> None:
    ada, began = shop.customer(), shop.now
    order(shop, ada, at=began - timedelta(minutes=9), state="complete", status="complete")
    later(shop, minutes=15)

    [done] = refresh(shop, one)

    assert (done.entered, done.asked, done.whole) == (1, 1, None)
    assert members(shop, one) == {ada}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_without_changes_nobody_is_asked_until_the_day_ends_where_the_customers_are(
    shop: ShopBuilder, one: int
) -> None:
    shop.config("general/locale/timezone", "Asia/Tokyo")
    refresh(shop, one)  # 21:00 there
    asked = []
    for _ in range(4):
        later(shop, hours=1)
        [done] = refresh(shop, one)
        asked.append((done.asked, done.whole))

    assert asked == [
        (0, None),
        (0, None),
        (None, "it is the first time of the day"),
        (0, None),
    ]


def _by_maho(shop: ShopBuilder, id: int) -> None:
    shop.change(shop.tables.segment, {"segment_id": id}, last_refresh_at=shop.now)


def _failed(shop: ShopBuilder, id: int) -> None:
    shop.change(shop.tables.segment, {"segment_id": id}, refresh_status="error")


def _other_group(shop: ShopBuilder, id: int) -> None:
    shop.change(shop.tables.segment, {"segment_id": id}, customer_group_ids="1")


def _clock_put_back(shop: ShopBuilder, _id: int) -> None:
    later(shop, hours=-2)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (_by_maho, "somebody else has refreshed it"),
        (_failed, "nothing is known of a refresh before, or it failed"),
        (_other_group, "its conditions have changed, or what they mean"),
        (_clock_put_back, "the clock was put back"),
    ],
)
def test_everybody_is_asked_where_the_last_refresh_is_none_to_go_on_from(
    shop: ShopBuilder, one: int, happens: Callable[[ShopBuilder, int], None], why: str
) -> None:
    later(shop, minutes=15)
    happens(shop, one)

    [done] = refresh(shop, one)

    assert (done.asked, done.whole) == (None, why)


@pytest.mark.parametrize("below", [0, 20_000])
def test_a_segment_with_too_many_to_enrol_rests_for_an_hour_unless_it_is_changed(
    shop: ShopBuilder, one: int, below: int
) -> None:
    limited: dict[str, Any] = {"enrol_limit": 2, "everybody_below": below}  # also in a small shop
    step = shop.step(one)
    crowd = [shop.customer() for _ in range(4)]
    for id in crowd[:3]:
        order(shop, id, at=shop.now, status="complete")

    told = [refresh(shop, one, **limited)]
    later(shop, minutes=15)
    told.append(refresh(shop, one, **limited))
    order(shop, crowd[3], at=shop.now, status="complete")
    later(shop, minutes=15)
    told.append(refresh(shop, one, **limited))
    shop.insert(shop.tables.progress, **_sent(shop, one, step, crowd[0]))
    later(shop, minutes=15)
    told.append(refresh(shop, one, **limited))
    later(shop, minutes=20)
    told.append(refresh(shop, one, **limited))

    assert [(it.state, it.waiting, it.enrolled, it.members) for [it] in told] == [
        ("waiting", 3, 0, 3),
        ("waiting", 3, 0, 3),  # nobody is asked
        ("waiting", 4, 0, 4),
        ("waiting", 4, 0, 4),  # the customer who needs none any more is not looked at
        ("waiting", 3, 0, 4),
    ]
    [done] = refresh(shop, one, **{**limited, "enrol_limit": 3})
    assert (done.state, done.enrolled) == ("refreshed", 3)


def _sent(shop: ShopBuilder, segment_id: int, step: int, customer_id: int) -> dict[str, Any]:
    row = {"segment_id": segment_id, "sequence_id": step, "customer_id": customer_id}
    times = {"created_at": shop.now, "scheduled_at": shop.now, "sent_at": shop.now}
    return {**row, **times, "step_number": 1, "trigger_type": "enter", "status": "sent"}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_table_that_a_condition_reads_is_covered_by_what_touches_it(
    shop: ShopBuilder,
) -> None:
    history = History(SalesBuilder(shop), seed=1)
    with shop.read() as tx:
        scope = open_scope(tx, history.sales.sales, now=shop.now)
        scope = replace(scope, segments={2: KnownSegment("2")})
        for tree in TREES:
            query = matching_customers(tree, scope, website_ids=(1,), group_ids=())
            assert uncovered(query, sources_of(tree, scope)) == [], tree
    assert TOUCHED_BY.keys() == FAMILIES.keys()
    assert {one.family for tree in TREES for one in leaves(tree)} == FAMILIES.keys() - {"sequence"}


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("everybody_below", "asked", "entered"),
    [(0, 0, 0), (2, 0, 0), (3, None, 1)],
)
def test_in_a_small_shop_a_change_without_a_mark_is_seen_at_once(
    shop: ShopBuilder, one: int, everybody_below: int, asked: int | None, entered: int
) -> None:
    ada, _ = shop.customer(), shop.customer()
    later(shop, hours=1)
    refresh(shop, one, everybody_below=everybody_below)
    order(shop, ada, at=shop.now - timedelta(days=3), state="complete", status="complete")
    later(shop, minutes=15)

    [done] = refresh(shop, one, everybody_below=everybody_below)

    assert (done.asked, done.entered) == (asked, entered)
    small = f"the shop has fewer than {everybody_below} customers"
    assert done.whole == (small if asked is None else None)
