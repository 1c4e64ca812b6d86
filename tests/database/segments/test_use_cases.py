"""The fifteen use cases of the specification, written as conditions and tried in a small shop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmail.segments.conditions.read import read_conditions
from tests.database.segments.use_case_shop import fill
from tests.sales_builder import SalesBuilder

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "use_cases.json").read_text()
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['number']} {case['name']}")
def test_a_use_case_selects_its_customers(sales: SalesBuilder, case: dict[str, Any]) -> None:
    ids = fill(sales)
    tree = read_conditions(json.dumps(case["conditions"]))

    found = sales.matching(tree)

    assert sorted(name for name, id in ids.items() if id in found) == case["selects"]


def test_all_use_cases_are_there() -> None:
    assert {case["number"].rstrip("b") for case in CASES} == {str(n) for n in range(1, 16)}
