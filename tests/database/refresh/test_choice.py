"""Which segments a run refreshes."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from segmail.errors import ConfigError, InputError
from segmail.maho.policies import RefreshedBy, save_policy
from segmail.segments.refresh import Choice
from tests.database.refresh.refreshing import refresh
from tests.shop_builder import ShopBuilder


@pytest.fixture
def segments(shop: ShopBuilder) -> dict[str, int]:
    """An automatic, a manual, an inactive segment, and one that is segmail's own."""
    found = {
        "automatic": shop.segment("automatic"),
        "manual": shop.segment("manual", refresh_mode="manual"),
        "inactive": shop.segment("inactive", is_active=0),
        "own": shop.segment("own", refresh_mode="manual"),
    }
    chosen = {"refreshed_by": RefreshedBy.SEGMAIL}
    shop.transact(lambda tx: save_policy(tx, found["own"], chosen))
    return found


def names(shop: ShopBuilder, choice: Choice, minutes: int = 0) -> list[str]:
    return [one.segment for one in refresh(shop, choice=choice, minutes=minutes)]


def test_automatic_segments_and_segmails_own_are_refreshed(
    shop: ShopBuilder, segments: dict[str, int]
) -> None:
    assert names(shop, Choice()) == ["automatic", "own"]


def test_all_are_the_manual_ones_too(shop: ShopBuilder, segments: dict[str, int]) -> None:
    assert names(shop, Choice(all_=True)) == ["automatic", "manual", "own"]


def test_a_segment_is_named_by_id_or_name_whatever_its_mode(
    shop: ShopBuilder, segments: dict[str, int]
) -> None:
    assert names(shop, Choice(names=["Manual", str(segments["own"])])) == ["manual", "own"]


def test_a_name_that_there_is_not_is_wrong_usage(shop: ShopBuilder) -> None:
    with pytest.raises(InputError, match="There is no segment 'VIP'"):
        refresh(shop, choice=Choice(names=["VIP"]))


def test_every_tells_how_old_a_refresh_must_be(shop: ShopBuilder, segments: dict[str, int]) -> None:
    hourly = Choice(every=60)

    assert names(shop, hourly) == ["automatic", "own"]
    assert names(shop, hourly, minutes=59) == []
    assert names(shop, hourly, minutes=60) == ["automatic", "own"]
    assert names(shop, Choice(every=60, all_=True), minutes=61) == ["automatic", "manual", "own"]


def test_a_policy_without_meaning_is_an_error_with_its_path(shop: ShopBuilder) -> None:
    path = "customer_segmentation/segmail/segment/1/goal"
    row = {"scope": "default", "scope_id": 0, "path": path, "value": "fame"}
    shop.database.transact(lambda c: c.execute(insert(shop.tables.config), [row]))

    with pytest.raises(ConfigError, match=f"{path}: 'fame' is none of 'none', 'order'"):
        refresh(shop)
