"""Membership of another segment, as of its last refresh."""

from __future__ import annotations

import pytest

from segmail.errors import ConditionError
from tests.sales_builder import SalesBuilder, every, leaf, some
from tests.shop_builder import ShopBuilder


def join(shop: ShopBuilder, segment_id: int, *customer_ids: int) -> None:
    rows = [
        {"segment_id": segment_id, "customer_id": id, "website_id": 1, "added_at": shop.now,
         "updated_at": shop.now}
        for id in customer_ids
    ]  # fmt: skip
    shop.insert_all(shop.tables.member, rows)


def test_members_and_the_others(sales: SalesBuilder, shop: ShopBuilder) -> None:
    vip, cart = shop.segment("VIP"), shop.segment("Cart")
    ada, bob, eve = shop.customer(), shop.customer(), shop.customer()
    join(shop, vip, ada, bob)
    join(shop, cart, bob)

    def who(operator: str, value: object) -> set[int]:
        return sales.who("segment", "member_of", operator, value)

    assert who("==", str(vip)) == {ada, bob}
    assert who("!=", str(vip)) == {eve}
    assert who("()", f"{vip},{cart}") == {ada, bob}
    assert who("!()", [str(cart)]) == {ada, eve}
    of_both = every(*(leaf("segment", "member_of", "==", str(id)) for id in (vip, cart)))
    assert sales.matching(of_both) == {bob}
    assert sales.matching(some(of_both, expects=False)) == {ada, eve}


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "message"),
    [
        ("member_of", "==", "99", "names the segment '99', which is not there"),
        ("member_of", "!=", "VIP", "names the segment 'VIP', which is not there"),
        ("member_of", ">", "1", "'member of' and 'not member of' only"),
        ("owner_of", "==", "1", "is unknown"),
    ],
)
def test_what_is_no_membership_is_refused(
    sales: SalesBuilder, attribute: str, operator: str, value: str, message: str
) -> None:
    with pytest.raises(ConditionError, match=message):
        sales.who("segment", attribute, operator, value)
