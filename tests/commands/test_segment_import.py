"""`segment import`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the command is tested on the server too."""
    return "sqlite"


@pytest.fixture(autouse=True)
def _tickets(shop: ShopBuilder) -> None:
    shop.segment("Tickets", website_ids="1")
    shop.customer("ada@x.test")


def segmail(shop: ShopBuilder, *arguments: str, stdin: str | None = None) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00", "segment", "import"]
    return CliRunner().invoke(program, [*options, *arguments], input=stdin)


def test_it_says_what_it_did(shop: ShopBuilder, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("ticket,email\n1,ada@x.test\n2,ghost@x.test\n")

    changed = segmail(shop, "tickets", str(file))
    again = segmail(shop, "tickets", "-", "--add", stdin="ADA@x.test")

    assert changed.stdout.splitlines() == [
        "changed    'Tickets': 1 listed, 1 added, 0 removed",
        "unknown    1: 'ghost@x.test'",
    ]
    assert again.stdout == "unchanged  'Tickets': 1 listed, 0 added, 0 removed\n"


def test_a_dry_run_in_json(shop: ShopBuilder) -> None:
    before = shop.rows(shop.tables.segment)
    result = segmail(shop, "tickets", "-", "--dry-run", "--json", stdin="ada@x.test\n99")

    done = json.loads(result.stdout)
    assert (done["outcome"], done["added"], done["unknown"]) == ("changed", 1, ["99"])
    assert shop.rows(shop.tables.segment) == before


def test_a_file_of_strangers_exits_with_2(shop: ShopBuilder) -> None:
    result = segmail(shop, "tickets", "-", stdin="99")

    assert result.exit_code == 2
    assert "No customer of the websites of 'Tickets'" in result.stderr
