"""The share of a segment's entrants who get no mail."""

from __future__ import annotations

import pytest
from sqlalchemy import func, literal, select

from segmail.janitor import delete_old_progress
from segmail.maho.holdout import HELD_OUT, is_held_out
from segmail.maho.policies import Holdout, OnReentry
from segmail.maho.schema.tables import Layout
from segmail.segments.refresh.temporary_tables import MATCHED, create_scratch, drop_scratch
from tests.database.refresh.refreshing import IN, OUT, decide, move, refresh_one
from tests.shop_builder import ShopBuilder


@pytest.mark.parametrize("segment", [1, 77])
@pytest.mark.parametrize(("first", "step"), [(1, 1), (1, 2), (2, 2), (1_000_001, 3), (5, 10)])
def test_it_is_ten_percent_of_consecutive_odd_and_sparse_ids(
    shop: ShopBuilder, segment: int, first: int, step: int
) -> None:
    number = 4_000
    ids = [{"customer_id": first + n * step} for n in range(number)]
    with shop.database.engine.begin() as connection:
        create_scratch(connection)
        connection.execute(MATCHED.insert(), ids)
        held = is_held_out(MATCHED.c.customer_id, segment, 10)
        found = connection.scalar(select(func.count()).select_from(MATCHED).where(held))
        drop_scratch(connection)

    assert found == pytest.approx(number * 0.1, abs=number * 0.005)


def test_who_is_held_out_is_the_same_for_ever(shop: ShopBuilder) -> None:
    with shop.database.read() as connection:
        found = [
            id
            for id in (*range(1, 30), 4_294_967_295)
            if connection.scalar(select(is_held_out(literal(id), 3, 10)))
        ]

    assert found == [3, 11, 24]


@pytest.mark.parametrize("layout", list(Layout))
def test_who_is_held_out_counts_once_and_gets_nothing(shop: ShopBuilder) -> None:
    segment = shop.segment()
    first = shop.step(segment)
    shop.step(segment, number=2, delay_minutes=1440)
    decide(shop, segment, holdout=Holdout("50 %"), on_reentry=OnReentry.EACH_ENTRY)
    people = [shop.customer() for _ in range(20)]

    done = refresh_one(shop)

    out = done.not_enrolled[HELD_OUT]
    assert done.enrolled + out == 20
    assert 5 < out < 15
    rows = shop.rows(shop.tables.progress, status="skipped")
    assert {row["sequence_id"] for row in rows} == {first}
    assert len({row["customer_id"] for row in rows}) == len(rows) == out
    [queue_id] = {row["queue_id"] for row in rows}
    reason = shop.row(shop.tables.queue, queue_id=queue_id)
    assert reason["newsletter_subject"] == f"Not sent: {HELD_OUT}"

    for id in people:
        move(shop, id, OUT)
    refresh_one(shop, minutes=15)
    for id in people:
        move(shop, id, IN)
    again = refresh_one(shop, minutes=30)

    assert again.not_enrolled == {"held out before": out}
    before = shop.now
    assert [
        row["customer_id"]
        for row in shop.rows(shop.tables.progress, created_at=before, status="skipped")
        if row["queue_id"] == queue_id
    ] == [row["customer_id"] for row in rows]


def test_the_cleanup_leaves_who_was_held_out_while_the_share_is_set(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    decide(shop, segment, holdout=Holdout("99 %"))
    shop.customer()
    refresh_one(shop)
    [row] = shop.rows(shop.tables.progress)
    late = shop.now.replace(year=shop.now.year + 1)

    assert row["status"] == "skipped"
    assert delete_old_progress(shop.shop, days=90, now=late) == 0
    decide(shop, segment, holdout=Holdout("none"))
    assert delete_old_progress(shop.shop, days=90, now=late) == 1
