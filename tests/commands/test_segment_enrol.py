"""`segment enrol` starts a sequence for present members; `segment automation on` names it."""

from __future__ import annotations

import json

import pytest

from segmail.maho.schema.tables import Layout
from tests.commands.test_refresh_segments import GROUP_1, add_segment, segmail
from tests.database.refresh.refreshing import scheduled
from tests.shop_builder import ShopBuilder


@pytest.fixture
def present(shop: ShopBuilder) -> list[int]:
    """Three members who entered while the automation was off; the last is not subscribed."""
    vip = add_segment(shop, "VIP", GROUP_1)
    shop.change(shop.tables.segment, {"segment_id": vip}, auto_email_active=0)
    shop.step(vip, delay_minutes=60)
    people = [shop.customer(), shop.customer(), shop.customer(subscribed=False)]
    assert segmail(shop, "refresh-segments").exit_code == 0
    return people


@pytest.mark.parametrize("layout", list(Layout))
def test_switching_on_tells_who_gets_nothing_and_enrol_enrols_them_once(
    shop: ShopBuilder, present: list[int]
) -> None:
    told = segmail(shop, "segment", "automation", "VIP", "on").stdout
    assert "3 present members were never enrolled and get nothing" in told
    assert "segmail segment enrol 1" in told
    assert segmail(shop, "refresh-segments").exit_code == 0
    assert scheduled(shop) == []

    tried = json.loads(segmail(shop, "segment", "enrol", "VIP", "--dry-run", "--json").stdout)
    assert (tried["enrolled"], tried["not_enrolled"]) == (2, {"not subscribed": 1})
    assert scheduled(shop) == []

    assert segmail(shop, "segment", "enrol", "VIP").exit_code == 2  # nobody is there to ask
    done = segmail(shop, "segment", "enrol", "VIP", "--yes")
    assert "2 of 3 members of 'VIP' enrolled" in done.stdout
    assert scheduled(shop) == [(one, "enter", 1) for one in present[:2]]
    again = json.loads(segmail(shop, "segment", "enrol", "VIP", "--yes", "--json").stdout)
    assert again["enrolled"] == 0


def test_nobody_is_enrolled_while_the_automation_is_off(
    shop: ShopBuilder, present: list[int]
) -> None:
    result = segmail(shop, "segment", "enrol", "VIP", "--yes")

    assert result.exit_code == 78
    assert "segmail segment automation 1 on" in result.stderr
