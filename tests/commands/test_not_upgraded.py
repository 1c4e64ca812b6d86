"""What bin/segmail tells a run of a version that could not be built."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder

_REASON = "ada may not write to /opt/segmail/.environments."


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: it is about what is printed."""
    return "sqlite"


def segmail(shop: ShopBuilder, folder: Path, *arguments: str, now: str = "2026-03-10") -> Result:
    where = {
        "SEGMAIL_DATABASE_URL": shop.url.render_as_string(hide_password=False),
        "SEGMAIL_STATE_DIR": str(folder / "state"),
        "SEGMAIL_LOG_FILE": str(folder / "segmail.log"),
        "SEGMAIL_SMTP_URL": "file:///mails",
        "SEGMAIL_NOT_UPGRADED": _REASON,
        "SEGMAIL_NOW": f"{now} 12:00",
    }
    return CliRunner().invoke(program, arguments, env=where)


def test_the_log_says_it_once_a_day(shop: ShopBuilder, tmp_path: Path) -> None:
    for day in ("2026-03-10", "2026-03-10", "2026-03-11"):
        assert segmail(shop, tmp_path, "cleanup-progress", now=day).stderr == ""

    log = (tmp_path / "segmail.log").read_text().splitlines()
    assert [line for line in log if "old version" in line] == [
        f"2026-03-{day} 12:00:00: Still running the old version: {_REASON}" for day in ("10", "11")
    ]


def test_each_run_says_it_where_the_day_cannot_be_kept(shop: ShopBuilder, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")

    for _ in range(2):
        segmail(shop, tmp_path, "cleanup-progress")

    assert (tmp_path / "segmail.log").read_text().count("(repeated by each run, because") == 2


def test_the_doctor_warns_of_it(shop: ShopBuilder, tmp_path: Path) -> None:
    result = segmail(shop, tmp_path, "doctor", "--json")

    assert "still runs, because the new one could not be built: ada may not" in result.stdout
