"""Conditions on tables that a shop does not have: Maho's modules can be switched off."""

from __future__ import annotations

import pytest

from segmail.errors import ConditionError
from segmail.segments.customer_match import matching_ids
from segmail.segments.explain import explain_segment
from tests.campaign_files import apply
from tests.shop_builder import ShopBuilder


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("condition", "table"),
    [
        ("review: count > 0", "review"),
        ("wishlist: items count > 0", "wishlist"),
        ("viewed: view count > 0", "report_viewed_product_index"),
        ("activity: days since last order <= 7", "sales_flat_order"),
    ],
)
def test_the_table_is_told(shop: ShopBuilder, condition: str, table: str) -> None:
    """The file is applied all the same: it may come before what it needs."""
    apply(
        shop,
        "segments:\n- name: S\n  websites: [base]\n"
        f"  conditions: {{any: ['{condition}', 'newsletter: status = subscribed']}}\n",
    )

    with pytest.raises(ConditionError, match=rf"reads .*\b{table}\b.*does not have"):
        matching_ids(shop.shop, "S", now=shop.now)
    faults = [line.fault for line in explain_segment(shop.shop, "S", now=shop.now).lines]
    assert [table in (fault or "") for fault in faults] == [False, True, False]
