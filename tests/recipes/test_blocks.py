"""Each block of items in each mail of a recipe: there for one customer, left out for another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from segmail.campaigns.recipes.recipe import load_recipe, read_recipe, recipe_names, settle_values
from tests.recorded_content import ContentShop, content_shop

_BLOCK = re.compile(r"\{\{var ((?:cart|order|products)\.get\w+Html\(4\))\}\}")
_PEOPLE = [(id, store) for id in range(1, 11) for store in ("default", "it_it")]

Person = tuple[int, str]


def mails() -> Iterator[tuple[str, str]]:
    """Yield the text of each mail that has a block, and the block."""
    for name in recipe_names():
        recipe = load_recipe(name)
        file = read_recipe(recipe, settle_values(recipe, {}, examples=True))
        for template in file.campaign.templates:
            text = template.text or ""
            for block in dict.fromkeys(_BLOCK.findall(text)):
                yield text, block


@pytest.fixture
def content(tmp_path: Path) -> Iterator[ContentShop]:
    """A shop with carts, orders, views, wishes and reduced products, as Maho stores them."""
    file = tmp_path / "shop.sqlite"
    file.touch()
    with content_shop(URL.create("sqlite", database=str(file))) as shop:
        yield shop


def test_a_block_is_there_for_one_and_left_out_for_another(content: ContentShop) -> None:
    """A list has a heading, which goes with it; what another list of the mail shows it leaves."""
    rendered: dict[tuple[str, Person], str] = {}

    def html(source: str, one: Person) -> str:
        if (source, one) not in rendered:
            rendered[source, one] = content.rendered(source, *one)[0]
        return rendered[source, one]

    def shows(text: str, block: str, one: Person) -> bool:
        heading = re.search(rf"\{{\{{if {re.escape(block)}\}}\}}(<h2>.*?</h2>)", text)
        alone = html(f"{{{{var {block}}}}}", one).strip()
        if heading:
            return heading[1] in html(text, one)
        return bool(alone) and alone in html(text, one)

    counts = Counter(block for _, block in mails())
    for text, block in mails():
        assert {shows(text, block, one) for one in _PEOPLE} == {True, False}, block
    assert len(counts) == 7
    assert counts.total() > 40
