"""Campaigns of one group: a customer is in one of them at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from segmail.clock import Clock
from segmail.history.enrolment import kept_out
from segmail.maho.customer_conditions import RIVAL_BEGUN
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import load_steps
from segmail.segments.refresh import Choice, Refreshed, RefreshOptions, refresh_segments
from tests.database.refresh.refreshing import (
    IN,
    OUT,
    decide,
    matching_group,
    move,
    refresh,
    refresh_one,
)
from tests.shop_builder import ShopBuilder

_REFUSED = {"while another campaign of the group runs for them": 1}


def campaign(shop: ShopBuilder, priority: int, group: str = "carts") -> int:
    segment = shop.segment()
    shop.step(segment, delay_minutes=60)
    decide(shop, segment, group=group, priority=priority)
    return segment


def running(shop: ShopBuilder) -> list[int]:
    rows = shop.rows(shop.tables.progress, status="scheduled")
    return sorted(row["segment_id"] for row in rows)


def refresh_named(shop: ShopBuilder, segment: int, *, minutes: int = 0) -> Refreshed:
    return refresh_one(shop, choice=Choice(names=[str(segment)]), minutes=minutes)


def told(shop: ShopBuilder, customer_id: int, segment: int) -> list[str]:
    with shop.read() as tx:
        steps = load_steps(tx, segment_ids=[segment])
    return list(kept_out(shop.shop, steps, customer_id, [segment], now=shop.now).values())


@pytest.mark.parametrize("layout", list(Layout))
def test_a_higher_priority_ends_what_is_left_of_a_lower_one(shop: ShopBuilder) -> None:
    low, high = campaign(shop, 1), campaign(shop, 2, group="Carts")
    shop.step(low, number=2, delay_minutes=120)
    shop.customer()

    first, second = refresh(shop)

    assert (first.enrolled, second.enrolled, second.stopped) == (1, 1, 2)
    assert running(shop) == [high]
    reasons = {
        shop.row(shop.tables.queue, queue_id=row["queue_id"])["newsletter_subject"]
        for row in shop.rows(shop.tables.progress, status="skipped")
    }
    assert reasons == {f"Not sent: {RIVAL_BEGUN}"}


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("priority", [1, 2])
def test_an_equal_or_lower_one_waits_until_the_other_has_run(
    shop: ShopBuilder, priority: int
) -> None:
    high, low = campaign(shop, 2), campaign(shop, priority)
    ada = shop.customer(group_id=OUT)
    refresh(shop)  # from now on whoever enters is enrolled
    move(shop, ada, IN)

    first, second = refresh(shop, minutes=20)

    assert (first.enrolled, second.entered, second.not_enrolled) == (1, 1, _REFUSED)
    assert running(shop) == [high]
    assert told(shop, ada, low) == [
        f"another campaign of the group 'carts' runs for the customer: segment {high}"
    ]
    # Far beyond the days in which others are enrolled late.
    later = shop.now + timedelta(days=20)
    shop.change(shop.tables.progress, {}, status="sent", scheduled_at=later, sent_at=later)
    assert refresh_named(shop, low, minutes=20 * 1440 + 15).late == 1
    assert running(shop) == [low]


def test_who_has_left_meanwhile_is_not_enrolled(shop: ShopBuilder) -> None:
    campaign(shop, 2), campaign(shop, 1)
    ada = shop.customer(group_id=OUT)
    refresh(shop)
    move(shop, ada, IN)
    refresh(shop, minutes=20)
    shop.change(shop.tables.progress, {}, status="sent", sent_at=shop.now + timedelta(hours=2))
    move(shop, ada, OUT)

    assert [one.enrolled for one in refresh(shop, minutes=180)] == [0, 0]
    assert running(shop) == []


def test_what_is_held_runs_for_nobody(shop: ShopBuilder) -> None:
    high, low = campaign(shop, 2), campaign(shop, 1)
    shop.customer()
    refresh_named(shop, high)
    shop.change(shop.tables.segment, {"segment_id": high}, auto_email_active=0)

    assert refresh_named(shop, low).stopped == 1
    assert running(shop) == [low]


def test_without_a_group_campaigns_know_nothing_of_each_other(shop: ShopBuilder) -> None:
    segments = [campaign(shop, 2, group="none"), campaign(shop, 1, group="none")]
    shop.customer()

    refresh(shop)

    assert running(shop) == segments


def test_refreshes_at_once_leave_nobody_in_two_campaigns(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    segments = [campaign(shop, 1), campaign(shop, 1), campaign(shop, 2)]
    for _ in range(200):
        shop.customer()
    barrier = Barrier(len(segments))

    def work(segment: int) -> None:
        barrier.wait(timeout=300)
        for minutes in range(3):
            refresh_segments(
                shop.shop,
                Choice(names=[str(segment)]),
                RefreshOptions(chunk=50),
                clock=Clock(shop.now + timedelta(minutes=minutes)),
                matching=matching_group(shop),
            )

    with ThreadPoolExecutor(len(segments)) as pool:
        list(pool.map(work, segments))

    rows = shop.rows(shop.tables.progress, status="scheduled")
    customers = [row["customer_id"] for row in rows]
    assert len(customers) == len(set(customers)) == 200
