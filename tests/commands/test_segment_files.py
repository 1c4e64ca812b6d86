"""`segment apply` and `segment export`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

FILE = """\
segments:
  - name: VIP
    active: true
    websites: [base]
    customer groups: all
    refresh: automatic
    conditions:
      all:
        - lifetime: sales > 1000
"""


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the commands is tested on the server too."""
    return "sqlite"


@pytest.fixture(autouse=True)
def _sales(shop: ShopBuilder) -> None:
    SalesBuilder(shop)


def segmail(shop: ShopBuilder, *arguments: str, stdin: str | None = None) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "segment", *arguments], input=stdin)


def test_apply_says_what_it_did(shop: ShopBuilder, tmp_path: Path) -> None:
    file = tmp_path / "vip.yaml"
    file.write_text(FILE)
    created = segmail(shop, "apply", str(file))
    again = segmail(shop, "apply", str(file))
    file.write_text(FILE.replace("1000", "2000").replace("active: true", "active: false"))
    changed = segmail(shop, "apply", str(file))

    assert created.stdout == "created       segment 'VIP'\nApplied: 1 created.\n"
    assert again.stdout == "unchanged     segment 'VIP'\nApplied: 1 unchanged.\n"
    assert changed.stdout.splitlines() == [
        "changed       segment 'VIP'",
        "              active: yes → no",
        "              conditions:",
        "                all:",
        "              -   - lifetime: sales > 1000",
        "              +   - lifetime: sales > 2000",
        "Applied: 1 changed.",
    ]


def test_a_dry_run_changes_nothing(shop: ShopBuilder) -> None:
    result = segmail(shop, "apply", "-", "--dry-run", "--json", stdin=FILE)

    [done] = json.loads(result.stdout)
    assert (done["id"], done["outcome"]) == (None, "created")
    assert done["changes"][0] == {"key": "name", "before": None, "after": "VIP"}
    assert shop.rows(shop.tables.segment) == []


def test_faults_are_told_with_their_lines(shop: ShopBuilder) -> None:
    result = segmail(shop, "apply", "-", stdin=FILE.replace("sales", "sails") + "extra: 1\n")

    assert result.exit_code == 78
    assert result.stderr.splitlines() == [
        "Error: <stdin>:9: 'lifetime' has no attribute 'sails'; did you mean 'sales'?",
        "<stdin>:10: 'extra' is unknown; it can be 'templates', 'sales rules', 'segments'.",
    ]


def test_export_prints_what_apply_reads(shop: ShopBuilder) -> None:
    segmail(shop, "apply", "-", stdin=FILE)

    assert segmail(shop, "export").stdout == FILE
    assert segmail(shop, "export", "vip").stdout == FILE


def test_a_missing_file_is_wrong_usage(shop: ShopBuilder) -> None:
    assert segmail(shop, "apply", "nowhere.yaml").exit_code == 2
