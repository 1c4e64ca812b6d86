"""Segments that name each other: refreshed in order, refused in a circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segmail.clock import Clock
from segmail.doctor.segments import segment_findings
from segmail.findings import Severity
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Choice, Refreshed, RefreshOptions, refresh_segments
from segmail.segments.refresh.candidates import load_candidates
from tests.campaign_files import apply
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

CHAIN = """\
segments:
  - name: Third
    websites: [base]
    conditions: {all: ['segment: member of "Second"']}
  - name: Second
    websites: [base]
    conditions: {all: ['segment: member of First']}
  - name: First
    websites: [base]
    conditions: {all: ['customer: first name = Ada']}
"""


FOURTH = """\
  - name: Fourth
    websites: [base]
    conditions: {all: ['customer: first name = Ada']}
"""


def _refresh(
    shop: ShopBuilder, is_stopping: Callable[[], bool] = lambda: False, **choice: Any
) -> list[Refreshed]:
    return refresh_segments(
        shop.shop,
        Choice(**choice),
        RefreshOptions(by_change=True),
        clock=Clock(shop.now),
        matching=matching_by_conditions(),
        is_stopping=is_stopping,
    )


def _members(shop: ShopBuilder, name: str) -> set[int]:
    segment_id = shop.row(shop.tables.segment, name=name)["segment_id"]
    return {row["customer_id"] for row in shop.rows(shop.tables.member, segment_id=segment_id)}


def test_a_segment_comes_after_those_it_names(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    ada, _bob = shop.customer(firstname="Ada"), shop.customer(firstname="Bob")
    apply(shop, CHAIN)

    done = _refresh(shop)

    assert [one.segment for one in done] == ["First", "Second", "Third"]
    assert _members(shop, "Third") == {ada}


def test_a_segment_that_is_made_while_a_run_goes_on_may_be_named_at_once(
    shop: ShopBuilder,
) -> None:
    SalesBuilder(shop)
    both = {shop.customer(firstname="Ada"), shop.customer(firstname="Bob")}
    apply(shop, CHAIN)

    def make_another() -> bool:  # before each segment
        has_begun = _members(shop, "First")
        if has_begun and not shop.rows(shop.tables.segment, name="Fourth"):
            apply(shop, CHAIN.replace('member of "Second"', "not member of Fourth") + FOURTH)
        return False

    done = _refresh(shop, is_stopping=make_another)

    assert {one.segment: one.reason for one in done}["Third"] is None
    assert _members(shop, "Third") == both  # Fourth, refreshed by the next run, has nobody yet


def test_one_alone_reads_the_others_as_they_were_left(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    shop.customer(firstname="Ada")
    apply(shop, CHAIN)

    _refresh(shop, names=("Third",))

    assert _members(shop, "Third") == _members(shop, "First") == set()


def test_a_circle_is_refused_with_its_names_and_the_others_are_refreshed(
    shop: ShopBuilder,
) -> None:
    SalesBuilder(shop)
    ada = shop.customer(firstname="Ada")
    apply(shop, CHAIN)
    ids = {row["name"]: row["segment_id"] for row in shop.rows(shop.tables.segment)}
    tree = shop.row(shop.tables.segment, name="Third")["conditions_serialized"]
    to_third = tree.replace(str(ids["Second"]), str(ids["Third"]))
    shop.change(shop.tables.segment, {"name": "Second"}, conditions_serialized=to_third)

    found = {one.segment: one for one in _refresh(shop)}

    circle = "The conditions go in a circle: 'Second' names 'Third', 'Third' names 'Second'."
    assert found["Second"].reason == circle
    assert found["Second"].exit_code == found["Third"].exit_code == 78
    assert "'Third' names 'Second'" in str(found["Third"].reason)
    assert _members(shop, "First") == {ada}
    row = shop.row(shop.tables.segment, name="Second")
    assert row["refresh_status"] == "error"


def test_sequences_that_wait_for_each_other_are_no_circle(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    apply(
        shop,
        """\
segments:
  - name: A
    websites: [base]
    conditions: {all: ['sequence: running B = no', 'sequence: finished A = no']}
  - name: B
    websites: [base]
    conditions: {all: ['sequence: running "A" = no', 'segment: member of A']}
""",
    )

    assert [(one.segment, one.exit_code) for one in _refresh(shop)] == [("A", 0), ("B", 0)]


def test_the_doctor_knows_circles(shop: ShopBuilder) -> None:
    SalesBuilder(shop)
    apply(shop, CHAIN)
    tree = shop.row(shop.tables.segment, name="Third")["conditions_serialized"]
    shop.change(shop.tables.segment, {"name": "Second"}, conditions_serialized=tree)

    with shop.read() as tx:
        found = segment_findings(tx, load_candidates(tx, None), now=shop.now)

    assert [one.what for one in found if one.severity is Severity.ERROR] == [
        "Segment 2 'Second': The conditions go in a circle: 'Second' names 'Second'."
    ]
