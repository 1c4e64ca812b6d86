"""The documentation says whom `bin/recipes` plays, and every recipe is played."""

from __future__ import annotations

import re

from segmail.campaigns.recipes.recipe import recipe_names
from tests.recipes.played import PAGE, page, parts, table


def test_the_page_says_what_is_played() -> None:
    assert PAGE.read_text("utf-8") == page(), "run bin/docs"


def test_each_recipe_has_somebody_who_gets_mails_and_somebody_who_gets_none() -> None:
    mailed = {part.role.recipe for part in parts() if part.mails}
    left_out = {part.role.recipe for part in parts() if not part.mails}
    rows = re.findall(r"^\| `([a-z-]+)` \|", table(), re.MULTILINE)

    assert mailed == left_out == set(rows) == set(recipe_names())
    assert len({part.role.name for part in parts()}) == len(parts()) == len(rows)
