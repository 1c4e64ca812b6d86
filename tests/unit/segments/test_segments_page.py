"""docs/segments.md names every family, attribute and recorded difference."""

from __future__ import annotations

import json

from segmail.segments.conditions.compile import FAMILIES
from segmail.segments.conditions.unknown_to_maho import OWN_ATTRIBUTES
from tests.each_case import for_each
from tests.program import ROOT

PAGE = (ROOT / "docs" / "segments.md").read_text("utf-8")
ROWS = {line.split("|")[1].strip(" *`"): line for line in PAGE.splitlines() if line[:1] == "|"}


@for_each("family", FAMILIES)
def test_every_family_has_a_row(family: str) -> None:
    assert family in ROWS


@for_each(("family", "attribute"), sorted(OWN_ATTRIBUTES))
def test_what_only_segmail_has_is_marked(family: str, attribute: str) -> None:
    assert f"*{attribute}*" in ROWS[family]


def test_it_gives_the_number_of_recorded_trees() -> None:
    recorded = json.loads((ROOT / "tests/golden/conditions.json").read_text("utf-8"))

    assert f"On the {len(recorded['cases'])} trees" in PAGE
