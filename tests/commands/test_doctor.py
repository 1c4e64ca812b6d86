"""`segmail doctor`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from segmail.cli import program
from tests.bare_database import bare_database
from tests.shop_builder import ShopBuilder


@pytest.fixture
def bare(engine_name: str, server_url: URL, tmp_path: Path) -> Iterator[URL]:
    with bare_database(engine_name, server_url, tmp_path) as url:
        yield url


def doctor(url: URL, folder: Path, *options: str, smtp_url: str | None = "file:///mails") -> Result:
    shown = url.render_as_string(hide_password=False)
    where = ["--database-url", shown, "--now", "2026-03-10 12:00", "--state-dir", str(folder)]
    environment = {"SEGMAIL_SMTP_URL": smtp_url}
    return CliRunner().invoke(program, [*where, "doctor", *options], env=environment)


def test_a_shop_in_order_exits_with_0_and_says_so_of_each_area(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "0")
    shop.config("customer_segmentation/segmail/enabled", "1")

    result = doctor(shop.url, tmp_path, "--json")

    assert result.exit_code == 0
    found = json.loads(result.stdout)
    areas = [one["area"] for one in found if one["severity"] == "ok"]
    assert areas == [
        "program", "schema", "state directory", "log", "disk", "clock", "rights", "automation",
        "mail transport", "time zones", "base URLs", "steps", "item blocks", "attempts", "segments",
        "indexes",
    ]  # fmt: skip
    assert [one["area"] for one in found if one["severity"] == "warning"] == ["jobs", "jobs"]


def test_errors_stand_in_the_table_with_what_to_do_and_exit_with_78(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.config("system/smtp/enabled", "0")
    shop.config("general/locale/timezone", "Atlantis/Capital", scope="stores", id=2)

    result = doctor(shop.url, tmp_path, smtp_url=None)

    assert result.exit_code == 78
    assert "Choose one there, or set SEGMAIL_SMTP_URL" in result.stdout
    assert "'Atlantis/Capital' of store 2" in result.stdout
    assert "Error: 2 errors; the list says what to do." in result.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("smtp://shop:secret@mail.example.com?starttls=never", "leaves without encryption"),
        (
            "smtps://shop:secret@mail.example.com?verify=off",
            "Whoever poses as mail.example.com",
        ),
        ("smtp://shop:secret@mail.example.com", None),
        ("smtp://shop:secret@127.0.0.1?starttls=never", None),
        ("smtp://mail.example.com?starttls=never", None),
    ],
)
def test_a_password_that_others_could_read_is_a_warning(
    shop: ShopBuilder, tmp_path: Path, url: str, told: str | None
) -> None:
    result = doctor(shop.url, tmp_path, "--json", smtp_url=url)

    [found] = [one for one in json.loads(result.stdout) if one["area"] == "mail transport"]
    assert found["severity"] == ("warning" if told else "ok")
    assert (told or "By the URL that was given") in found["what"]
    assert "secret" not in result.output


def test_json_has_severity_area_what_and_advice(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.segment("Nobody's")

    result = doctor(shop.url, tmp_path, "--json")

    [told] = [one for one in json.loads(result.stdout) if one["area"] == "steps"]
    assert told == {
        "severity": "error",
        "area": "steps",
        "what": "Nobody's: The automation of 'Nobody's' is on, but it has no active step; Maho "
        "refuses to save or refresh such a segment.",
        "advice": "Add or enable a step, or run: segmail segment automation 1 off",
    }


def test_a_database_without_the_tables_is_told_what_is_missing(bare: URL, tmp_path: Path) -> None:
    result = doctor(bare, tmp_path, "--json")

    assert result.exit_code == 78
    found = json.loads(result.stdout)
    assert {one["area"] for one in found} == {"program", "schema", "state directory", "log", "disk"}
    assert "Missing: table customer_segment_sequence_progress." in [one["what"] for one in found]


def test_a_database_out_of_reach_is_no_finding(tmp_path: Path) -> None:
    result = doctor(URL.create("mysql+pymysql", host="127.0.0.1", port=1), tmp_path)

    assert result.exit_code == 75
