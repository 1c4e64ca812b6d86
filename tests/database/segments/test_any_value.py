"""Whatever is stored as a condition's operator and value is compared or refused, never a crash."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.errors import ConditionError
from segmail.segments.conditions.compile import FAMILIES
from segmail.segments.conditions.tree import Leaf
from segmail.segments.conditions.unknown_to_maho import OWN_ATTRIBUTES
from tests.database.segments.second_opinion import FACTS
from tests.sales_builder import SalesBuilder

pytestmark = pytest.mark.both_engines

OTHERS = {
    ("customer_address", "city"),
    ("customer_timebased", "days_inactive"),
    ("customer_timebased", "order_frequency_days"),
    ("list", "customer_id"),
    ("order_items", "product_materials"),
    ("segment", "member_of"),
    ("sequence", "finished"),
    ("sequence", "days_since_finished"),
    ("sequence", "running"),
    ("today", "month"),
    ("today", "weekday"),
    ("today", "date"),
    ("customer_attributes", "taxvat"),
    ("customer_attributes", "website_id"),
}
ATTRIBUTES = sorted({*FACTS, *OWN_ATTRIBUTES, *OTHERS})
OPERATORS = ("==", "!=", ">=", "<=", ">", "<", "{}", "!{}", "()", "!()", "", "[]", "IS", "' OR 1")
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        (
            "0",
            "-1",
            "9" * 15,
            "9" * 40,
            "1e5",
            "NaN",
            "1:1",
            "1:9",
            "02-29",
            "9999-12-31",
            "0000-00-00",
            "0\x1f",
        )
    ),
    st.from_regex(r"[0-9.:-]{1,12}"),
)
LEAVES = st.builds(
    lambda known, operator, value: Leaf(known[0], known[1], operator, value, "1"),
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(OPERATORS),
    st.one_of(TEXT, st.none(), st.lists(TEXT).map(tuple)),
)

# Fewer in bin/test; no more in bin/fuzz, whose own number would take it an hour here.
MANY = min(200, settings().max_examples)


@pytest.mark.hypothesis
def test_any_value_is_compared_or_refused(sales: SalesBuilder) -> None:
    customer_id, _ = sales.shop.customer(), sales.shop.segment()
    sales.in_cart(sales.cart(customer_id), sales.product("A", categories=[1], materials="1,2"))

    @settings(max_examples=MANY, deadline=None)
    @given(LEAVES)
    def compare(leaf: Leaf) -> None:
        with suppress(ConditionError):
            sales.matching(leaf)

    compare()


def test_every_family_is_tried() -> None:
    assert {family for family, _ in ATTRIBUTES} == set(FAMILIES)
