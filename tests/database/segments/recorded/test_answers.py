"""segmail's answers to condition trees are Maho's, apart from the differences on purpose.

`golden/conditions_different.json` has every recorded case in which Maho is wrong: the customers
that segmail adds and takes away, or null where it refuses the tree, and why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmail.errors import ConditionError
from segmail.segments.conditions.difference_rules import DAYS
from segmail.segments.conditions.read import read_conditions, tree_from
from tests.each_case import for_each
from tests.program import ROOT
from tests.recorded_conditions import CASES, Case, RecordedShop

pytestmark = pytest.mark.both_engines

DIFFERENT: dict[str, dict[str, Any]] = json.loads(
    Path(ROOT / "tests/golden/conditions_different.json").read_text("utf-8")
)
REFUSED = {name for name, difference in DIFFERENT.items() if difference["adds"] is None}

ZONE = "Europe/Rome"  # the recorded shop's, which Maho's days know nothing of
# Their last views were on 14 November at 23 o'clock UTC, which was the 15th there.
ADDED_IN_ZONE = {"viewed days_since_last_view <= 7": {2, 18}}


def _named(case: Case) -> str:
    return case.name


@for_each("case", CASES, ids=_named)
def test_both_encodings_are_the_same_tree(case: Case) -> None:
    assert read_conditions(case.php) == read_conditions(case.json) == tree_from(case.tree)


@for_each("case", [case for case in CASES if case.name not in REFUSED], ids=_named)
def test_a_tree_matches_the_customers_that_maho_matched(case: Case, recorded: RecordedShop) -> None:
    found = recorded.matching(
        read_conditions(case.php), website_ids=case.website_ids, group_ids=case.group_ids
    )

    assert found == _expected(case)


@for_each("case", [case for case in CASES if case.name in REFUSED], ids=_named)
def test_a_tree_that_means_nothing_is_refused_where_maho_fails_or_matches_too_many(
    case: Case, recorded: RecordedShop
) -> None:
    with pytest.raises(ConditionError, match="condition 1 "):
        recorded.matching(read_conditions(case.php))


def test_in_the_shops_own_zone_days_are_those_of_the_customer(recorded: RecordedShop) -> None:
    answered = [case for case in CASES if case.name not in REFUSED]
    found = {
        case.name: recorded.matching(
            read_conditions(case.php),
            website_ids=case.website_ids,
            group_ids=case.group_ids,
            zone=ZONE,
        )
        for case in answered
    }

    expected = {
        case.name: sorted({*_expected(case), *ADDED_IN_ZONE.get(case.name, ())})
        for case in answered
    }
    assert found == expected


@pytest.mark.parametrize("name", ADDED_IN_ZONE)
def test_each_difference_of_the_zone_is_in_the_published_list(name: str) -> None:
    page = (ROOT / "docs/segments.md").read_text("utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| {DAYS.row} |")]
    [case] = [case for case in CASES if case.name == name]

    before, after = len(_expected(case)), len(_expected(case)) + len(ADDED_IN_ZONE[name])
    assert f"`{name.removeprefix('viewed ')}`: {before}" in row
    assert f"; {after} |" in row


def test_every_difference_belongs_to_a_case() -> None:
    assert set(DIFFERENT) <= {case.name for case in CASES}
    assert {case.name for case in CASES if case.customer_ids is None} <= REFUSED


def _expected(case: Case) -> list[int]:
    difference = DIFFERENT.get(case.name, {"adds": [], "loses": []})
    assert case.customer_ids is not None
    assert set(difference["loses"]) <= set(case.customer_ids)
    return sorted({*case.customer_ids, *difference["adds"]} - set(difference["loses"]))
