"""`campaign`: what a person and a script see, and the exit codes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.campaigns.apply import ReadFile, Wish, apply_files
from segmail.campaigns.outcome import Applied
from segmail.cli import program
from segmail.commands.campaign import printing
from segmail.errors import DatabaseUnavailable
from segmail.maho.shop import Shop
from tests.program import ROOT
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

PAGE = (ROOT / "docs" / "campaigns.md").read_text("utf-8")
[FILE] = re.findall(r"```yaml\n(templates:\n.*?)```", PAGE, re.DOTALL)
[SCRIPT] = re.findall(r"```sh\n(segmail campaign validate.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the commands is tested on the server too."""
    return "sqlite"


@pytest.fixture(autouse=True)
def folder(shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documented campaign, in the current folder of a shop that has no segments."""
    SalesBuilder(shop)
    monkeypatch.chdir(tmp_path)
    campaigns = tmp_path / "campaigns"
    campaigns.mkdir()
    (campaigns / "cart.yaml").write_text(FILE)
    (campaigns / "cart-1.html").write_text("<p>{{var customer_firstname}}</p>")
    (campaigns / "shop.css").write_text("p { color: red }")
    return campaigns


def segmail(shop: ShopBuilder | None, *arguments: str) -> Result:
    url = [] if shop is None else ["--database-url", shop.url.render_as_string(False)]
    return CliRunner().invoke(program, [*url, "--now", "2026-03-10 12:00", *arguments])


def test_the_documented_script_seeds_a_shop_and_seeds_it_once(shop: ShopBuilder) -> None:
    for created, codes in (("6 created", [0, 0, 0]), ("6 unchanged", [0, 0, 0])):
        ran = [segmail(shop, *shlex.split(line)[1:]) for line in SCRIPT.strip().splitlines()]

        assert [one.exit_code for one in ran] == codes, [one.output for one in ran]
        assert f"Applied: {created}." in ran[1].stdout
        assert ran[2].stdout == ""


def test_a_file_is_validated_without_a_shop(folder: Path) -> None:
    right = segmail(None, "campaign", "validate", "campaigns")
    (folder / "cart.yaml").write_text(
        FILE.replace("minutes since updated >= 60", "minutes since updated >= soon")
        .replace("cart: active", "cart: activ")
        .replace("discount: 10 %", "discount: much")
    )
    wrong = segmail(None, "campaign", "validate", "campaigns")

    assert (right.exit_code, right.stdout) == (0, "No faults found in 1 file.\n")
    assert wrong.exit_code == 78
    lines = wrong.stderr.removeprefix("Error: ").splitlines()
    assert [line.split(":")[1] for line in lines] == ["15", "25", "26"]
    assert all(line.startswith("campaigns/cart.yaml:") for line in lines)


def test_a_change_by_hand_is_drift(shop: ShopBuilder) -> None:
    segmail(shop, "campaign", "apply", "campaigns")
    segmail(shop, "sequence", "edit", "Cart Abandoned 1+ Hours:enter:2", "--delay", "3 days")

    drift = segmail(shop, "campaign", "diff", "campaigns")

    assert drift.exit_code == 1
    assert "after: 3 days → 1 day" in drift.stdout
    assert json.loads(segmail(shop, "campaign", "diff", "campaigns", "--json").stdout)


def test_pruning_is_asked_for(shop: ShopBuilder, folder: Path) -> None:
    segmail(shop, "campaign", "apply", "campaigns")
    file = folder / "cart.yaml"
    file.write_text(
        FILE.replace("      - after: 1 hour ", "      - active: yes\n        after: 5 h ")
    )
    text = file.read_text()
    start = text.index("      - after: 1 day")
    file.write_text(text[:start])

    refused = segmail(shop, "campaign", "apply", "campaigns", "--prune")
    pruned = segmail(shop, "campaign", "apply", "campaigns", "--prune", "--yes")

    assert (refused.exit_code, "give --yes" in refused.stderr) == (2, True)
    assert (pruned.exit_code, "1 removed" in pruned.stdout) == (0, True)


def test_what_is_exported_is_the_same_again(shop: ShopBuilder, tmp_path: Path) -> None:
    segmail(shop, "campaign", "apply", "campaigns")

    segmail(shop, "campaign", "export", "--dir", "out")

    assert segmail(shop, "campaign", "diff", "out").exit_code == 0
    assert (
        tmp_path / "out/templates/cart-1.html"
    ).read_text() == "<p>{{var customer_firstname}}</p>"


def test_the_schema_knows_every_key_of_the_documented_file() -> None:
    schema = json.loads(segmail(None, "campaign", "schema").stdout)

    segment = schema["properties"]["segments"]["items"]["properties"]
    assert set(segment) >= {"name", "websites", "conditions", "automation", "steps"}
    assert "on exit" in segment["automation"]["properties"]


def test_a_folder_without_files_is_wrong_usage(shop: ShopBuilder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert segmail(shop, "campaign", "apply", "empty").exit_code == 2
    assert segmail(shop, "campaign", "apply", "nowhere.yaml").exit_code == 2


def test_what_was_not_applied_is_not_claimed(
    shop: ShopBuilder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_database_after_one(
        shop: Shop, files: Sequence[ReadFile], wish: Wish, on_applied: Callable[[str], None]
    ) -> list[Applied]:
        apply_files(shop, files[:1], wish, on_applied=on_applied)
        raise DatabaseUnavailable("The database is out of reach.")

    monkeypatch.setattr(printing, "apply_files", lose_the_database_after_one)
    second = "templates: [{name: A, subject: A, sender: {name: A, email: a@a.test}, html: A}]"
    (folder / "second.yaml").write_text(second)

    ended = segmail(shop, "campaign", "apply", "campaigns", "--yes")
    again = segmail(shop, "campaign", "apply", "campaigns/cart.yaml", "campaigns/second.yaml")

    assert ended.exit_code == 75
    assert "Applied: campaigns/cart.yaml. Not applied: campaigns/second.yaml." in ended.stderr
    assert "Applied: " not in ended.stdout
    assert "unchanged     template 'Cart 1'" in again.stdout
    assert "created       template 'A'" in again.stdout
