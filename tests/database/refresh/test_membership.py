"""Who is a member after a refresh, and what is written about the segment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.maho.schema.tables import Layout
from segmail.segments.refresh import Choice, RefreshState
from tests.database.refresh.refreshing import (
    IN,
    OUT,
    members,
    move,
    refresh,
    refresh_one,
)
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

BOTH = pytest.mark.parametrize("layout", list(Layout))
PREFIXES = pytest.mark.parametrize("prefix", ["", "maho_"])


@BOTH
@PREFIXES
def test_members_become_those_whom_the_conditions_match(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    ada, bob = shop.customer(), shop.customer(group_id=OUT)
    first = refresh_one(shop)
    move(shop, ada, OUT)
    move(shop, bob, IN)

    second = refresh_one(shop, minutes=15)

    assert (first.state, first.members, first.entered, first.left) == (
        RefreshState.REFRESHED,
        1,
        1,
        0,
    )
    assert (second.members, second.entered, second.left) == (1, 1, 1)
    assert members(shop, vip) == {bob}


@BOTH
def test_a_membership_is_written_as_maho_writes_it(shop: ShopBuilder) -> None:
    shop.insert(shop.tables.website, website_id=2, code="two", name="Two")
    segment = shop.segment()
    here, there = shop.customer(), shop.customer(website_id=2)
    nowhere = shop.customer(website_id=None)

    refresh_one(shop)

    rows = {row["customer_id"]: row for row in shop.rows(shop.tables.member)}
    assert {id: row["website_id"] for id, row in rows.items()} == {here: 1, there: 2, nowhere: 1}
    assert rows[here] == {
        "segment_id": segment,
        "customer_id": here,
        "website_id": 1,
        "added_at": shop.now,
        "updated_at": shop.now,
    }


def test_those_who_stay_are_not_touched(shop: ShopBuilder) -> None:
    shop.segment()
    shop.customer()
    refresh_one(shop)

    again = refresh_one(shop, minutes=15)

    assert (again.entered, again.left, again.members) == (0, 0, 1)
    assert shop.row(shop.tables.member)["added_at"] == shop.now


@BOTH
def test_the_segment_keeps_its_counters_as_maho_does(shop: ShopBuilder) -> None:
    shop.segment()
    shop.customer()

    refresh_one(shop, minutes=15)

    row = shop.row(shop.tables.segment)
    at = shop.now + timedelta(minutes=15)
    assert (row["refresh_status"], row["matched_customers_count"]) == ("completed", 1)
    assert (row["last_refresh_at"], row["updated_at"]) == (at, at)


def test_an_inactive_segment_is_left_alone_and_nobody_exits(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment, trigger="exit")
    ada = shop.customer()
    refresh_one(shop)
    shop.change(shop.tables.segment, {"segment_id": segment}, is_active=0)
    move(shop, ada, OUT)

    assert refresh(shop) == []
    [named] = refresh(shop, choice=Choice(names=[str(segment)]))
    assert named.state is RefreshState.INACTIVE
    assert members(shop, segment) == {ada}
    assert shop.rows(shop.tables.progress) == []


def test_a_failing_segment_is_marked_and_does_not_stop_the_others(shop: ShopBuilder) -> None:
    broken, good = shop.segment("Broken"), shop.segment("Good")
    ada = shop.customer()
    refresh(shop)
    move(shop, ada, OUT)

    failed, fine = refresh(shop, minutes=15, broken=(broken,))

    assert (failed.state, failed.exit_code, fine.state) == (
        RefreshState.FAILED,
        78,
        RefreshState.REFRESHED,
    )
    assert "customer_star/sign" in str(failed.reason)
    assert (members(shop, broken), members(shop, good)) == ({ada}, set())
    row = shop.row(shop.tables.segment, segment_id=broken)
    assert (row["refresh_status"], row["last_refresh_at"]) == ("error", shop.now)


def test_a_dry_run_tells_everything_and_changes_nothing(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    ada, bob = shop.customer(), shop.customer(group_id=OUT)
    refresh(shop)
    move(shop, ada, OUT)
    move(shop, bob, IN)
    before = [shop.rows(t) for t in (shop.tables.segment, shop.tables.member, shop.tables.progress)]

    told = refresh_one(shop, minutes=15, dry_run=True)

    assert (told.entered, told.left, told.enrolled, told.stopped) == (1, 1, 1, 1)
    after = [shop.rows(t) for t in (shop.tables.segment, shop.tables.member, shop.tables.progress)]
    assert after == before


def test_a_customer_who_is_deleted_is_no_member(shop: ShopBuilder) -> None:
    segment = shop.segment()
    ada = shop.customer()
    refresh(shop)
    shop.database.transact(
        lambda c: c.execute(
            shop.tables.customer.delete().where(shop.tables.customer.c.entity_id == ada)
        )
    )

    assert refresh_one(shop).members == 0
    assert members(shop, segment) == set()
