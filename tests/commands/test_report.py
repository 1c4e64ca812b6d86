"""`segmail report`."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder

LINE = re.compile(
    r"2026-03-10 12:00:\d\d: "
    r"Daily automation report: 1 sent, 1 failed, 1 scheduled, 3 total active\n"
)

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def busy(shop: ShopBuilder) -> ShopBuilder:
    """A shop where one mail was sent two hours ago, one failed, and one waits."""
    step = shop.step(shop.segment("VIP"))
    shop.due(step, shop.customer(), status="sent", sent_at=shop.now - timedelta(hours=2))
    shop.due(step, shop.customer(), status="failed")
    shop.due(step, shop.customer())
    return shop


def segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program, ["--database-url", url, "--now", "2026-03-10 12:00", "report", *arguments]
    )


def test_cron_gets_the_specifications_line_and_nothing_else(busy: ShopBuilder) -> None:
    result = segmail(busy, "--log")

    assert (result.exit_code, result.stdout) == (0, "")
    assert LINE.fullmatch(result.stderr)


def test_text_is_printed_wherever_it_goes_and_the_log_has_no_line_of_it(busy: ShopBuilder) -> None:
    result = segmail(busy)

    assert "Total active            3\n" in result.stdout
    assert "VIP" in result.stdout
    assert result.stderr == ""


def test_json_is_printed_where_it_is_asked_for(busy: ShopBuilder) -> None:
    report = json.loads(segmail(busy, "--format", "json").stdout)

    assert (report["sent"], report["failed"], report["scheduled"]) == (1, 1, 1)
    assert report["segments"][0]["steps"][0]["total_active"] == 3


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["--hours", "1"], 0),
        (["--since", "2026-03-10 09:30"], 1),
        (["--since", "2026-03-10T10:30+01:00", "--until", "2026-03-10T11:30+01:00"], 1),
        (["--since", "2026-03-10 09:30", "--until", "2026-03-10 10:00"], 0),
        (["--since", "2026-03", "--until", "2026-04"], 1),
        (["--until", "2026-03"], 0),
        (["--since", "3 hours ago"], 1),
        (["--since", "-1 month", "--until", "-1 hour"], 1),
        (["--since", "-1 hour"], 0),
    ],
)
def test_the_window_can_be_chosen(busy: ShopBuilder, arguments: list[str], sent: int) -> None:
    report = json.loads(segmail(busy, *arguments, "--format", "json").stdout)

    assert report["sent"] == sent


def test_the_report_is_written_into_a_file(busy: ShopBuilder, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("yesterday's", "utf-8")

    result = segmail(busy, "--format", "json", "--output", str(file))

    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(file.read_text("utf-8"))["sent"] == 1
    assert list(tmp_path.glob(".report*")) == []


def test_a_device_is_written_to_and_not_replaced(busy: ShopBuilder) -> None:
    result = segmail(busy, "--output", "/dev/null")

    assert result.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_a_file_that_cannot_be_written_is_named(busy: ShopBuilder, tmp_path: Path) -> None:
    result = segmail(busy, "--output", str(tmp_path / "nowhere" / "report.txt"))

    assert result.exit_code == 2
    assert "nowhere/report.txt: cannot be written: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hours", "0"],
        ["--hours", "2", "--since", "2026-03-10"],
        ["--since", "yesterday"],
        ["--since", "2026-03-10", "--until", "2026-03-09"],
    ],
)
def test_a_window_that_cannot_be_is_refused(busy: ShopBuilder, arguments: list[str]) -> None:
    assert segmail(busy, *arguments).exit_code == 2


def test_a_time_that_is_none_is_told_with_the_option_and_examples(busy: ShopBuilder) -> None:
    result = segmail(busy, "--since", "last month")

    assert result.exit_code == 2
    assert "Invalid value for '--since': 'last month' is not a time; it looks" in result.stderr
    assert "'-1 month' or '7 days ago'." in result.stderr


def test_the_daily_job_is_silent_while_automation_is_switched_off(busy: ShopBuilder) -> None:
    busy.config("customer_segmentation/email_automation/enabled", "0")

    daily, asked = segmail(busy, "--log"), segmail(busy, "--format", "json")

    assert "Email automation is switched off" in daily.stderr
    assert json.loads(asked.stdout)["sent"] == 1
