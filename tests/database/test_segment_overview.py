"""Segments as people look at them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from segmail.errors import InputError
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import Trigger
from segmail.segments.overview import list_segments, show_segment
from tests.shop_builder import ShopBuilder


def add_member(shop: ShopBuilder, segment_id: int, customer_id: int) -> None:
    member = {"segment_id": segment_id, "customer_id": customer_id, "website_id": 1}
    shop.insert_all(shop.tables.member, [{**member, "added_at": shop.now, "updated_at": shop.now}])


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_a_segment_is_shown_with_its_members_steps_and_rows(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP", last_refresh_at=shop.now)
    step = shop.step(vip, number=1)
    shop.step(vip, number=2, is_active=0)
    for status in ("scheduled", "sent", "sent", "failed", "skipped"):
        add_member(shop, vip, customer := shop.customer())
        shop.due(step, customer, status=status)

    found = show_segment(shop.shop, "vip", now=shop.now)

    assert (found.members, found.steps, found.active_steps) == (5, 2, 1)
    assert (found.pending, found.sent, found.failed, found.skipped) == (1, 2, 1, 1)
    assert (found.automation, found.held, found.refreshed_at) == (True, 0, shop.now)
    assert found.trigger is (Trigger.ENTER if shop.shop.layout is Layout.SPEC else None)


@pytest.mark.parametrize("columns", [{"automation": False}, {"is_active": 0}])
def test_due_rows_of_a_segment_that_does_not_send_are_held(
    shop: ShopBuilder, columns: dict[str, Any]
) -> None:
    step = shop.step(shop.segment("VIP", **columns))
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), scheduled_at=shop.now + timedelta(minutes=1))

    found = show_segment(shop.shop, "VIP", now=shop.now)

    assert (found.pending, found.held) == (2, 1)


def test_due_rows_of_a_step_that_is_switched_off_are_held(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    shop.due(shop.step(vip, number=1), shop.customer())
    shop.due(shop.step(vip, number=2, is_active=0), shop.customer())

    assert show_segment(shop.shop, "VIP", now=shop.now).held == 1


def test_segments_are_listed_by_id_with_their_own_numbers(shop: ShopBuilder) -> None:
    vip, other = shop.segment("VIP"), shop.segment("Other", automation=False)
    add_member(shop, other, shop.customer())
    shop.due(shop.step(vip), shop.customer())

    found = list_segments(shop.shop, now=shop.now)

    assert [(one.name, one.members, one.pending) for one in found] == [
        ("VIP", 0, 1),
        ("Other", 1, 0),
    ]


def test_a_segment_that_does_not_exist_is_an_error(shop: ShopBuilder) -> None:
    with pytest.raises(InputError, match="no segment 'VIP'"):
        show_segment(shop.shop, "VIP", now=shop.now)


def test_a_shop_without_segments_has_none_to_list(shop: ShopBuilder) -> None:
    assert list_segments(shop.shop, now=shop.now) == []
