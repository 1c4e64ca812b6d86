"""Item blocks, letter by letter: every type of product, three stores, three tax displays.

`golden/item_blocks.json` has the HTML and text that were read through against the shop's pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.recorded_content import PRODUCT_IDS, RECORDED_AT, ContentShop

_FILE = Path(__file__).parents[2] / "golden" / "item_blocks.json"
EXPECTED: list[dict[str, Any]] = json.loads(_FILE.read_text("utf-8"))


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: f"{case['shows']}-{case['store']}")
def test_a_block_is_what_is_expected(
    content: ContentShop, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list of everything, the customer looked at each product of the shop."""
    if case["shows"] == "every product":
        looked_at = [(product_id, RECORDED_AT) for product_id in PRODUCT_IDS.values()]
        viewed = {(case["customer_id"], website): looked_at for website in (1, 2)}
        monkeypatch.setattr("segmail.mail.items.reader.load_viewed", lambda *_: viewed)

    html, text = content.rendered(case["template"], case["customer_id"], case["store"])

    assert html.splitlines() == case["html"]
    assert text.splitlines() == case["text"]
