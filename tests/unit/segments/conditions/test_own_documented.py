"""What only segmail has is in docs/segments.md, and so is every use case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from segmail.segments.conditions.compile import FAMILIES
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import leaves
from segmail.segments.conditions.unknown_to_maho import OWN_ATTRIBUTES, OWN_FAMILIES, needs_segmail
from tests.each_case import for_each

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "docs" / "segments.md").read_text()
CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/golden/use_cases.json").read_text())


@for_each(("family", "attribute"), sorted(OWN_ATTRIBUTES))
def test_an_own_attribute_is_documented(family: str, attribute: str) -> None:
    [row] = [line for line in TEXT.splitlines() if line.startswith(f"| `{family}` |")]

    assert f"*{attribute}*" in row


def test_every_family_is_documented() -> None:
    assert OWN_FAMILIES.issubset(FAMILIES)
    assert all(f"`{family}`" in TEXT for family in FAMILIES)


@for_each("case", CASES, ids=lambda case: str(case["name"]))
def test_the_conditions_of_a_use_case_are_documented(case: dict[str, Any]) -> None:
    number = case["number"].rstrip("b")
    [row] = [line for line in TEXT.splitlines() if line.startswith(f"| {number} |")]

    for leaf in leaves(read_conditions(json.dumps(case["conditions"]))):
        assert f"{leaf.family}/{leaf.attribute} {leaf.operator}" in row


def test_the_use_cases_that_maho_can_refresh_itself() -> None:
    mahos = {
        case["number"]
        for case in CASES
        if not needs_segmail(read_conditions(json.dumps(case["conditions"])))
    }

    assert mahos == {"2", "3", "4", "5", "6", "6b", "7"}
