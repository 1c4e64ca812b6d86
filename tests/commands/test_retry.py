"""`segmail retry`: what is asked, printed and changed, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.database.history.failed import INTERRUPTED, failed
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the command is tested on the server too."""
    return "sqlite"


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"))


def url(shop: ShopBuilder) -> str:
    return shop.url.render_as_string(hide_password=False)


def retry(shop: ShopBuilder, *arguments: str) -> Result:
    options = ["--database-url", url(shop), "--now", "2026-03-10 12:00", "-q"]
    return CliRunner().invoke(program, [*options, "retry", *arguments])


def test_a_dry_run_lists_what_may_have_arrived_and_changes_nothing(
    shop: ShopBuilder, step: int
) -> None:
    row = failed(shop, step, INTERRUPTED, customer=shop.customer("ada@example.test"))
    before = shop.progress(row)

    result = retry(shop, "--reason", "interrupted", "--dry-run")

    assert result.exit_code == 0
    for told in ("ada@example.test", "VIP:enter:1", "2026-03-10 12:00", INTERRUPTED):
        assert told in result.stdout
    assert "may have arrived" in result.stdout
    assert result.stdout.endswith(
        "Would schedule 1 failed step again. 1 of these mails may have arrived: who received one "
        "will receive it twice.\n"
    )
    assert shop.progress(row) == before


def test_yes_schedules_and_warns(shop: ShopBuilder, step: int) -> None:
    rows = [failed(shop, step, INTERRUPTED), failed(shop, step)]

    result = retry(shop, "--segment", "VIP", "--yes")

    assert result.exit_code == 0
    assert result.stdout == "Scheduled 2 failed steps again, due at 2026-03-10 12:00 UTC.\n"
    assert result.stderr.startswith("Warning: 1 of these mails may have arrived")
    assert [shop.status(row) for row in rows] == ["scheduled"] * 2


@pytest.mark.parametrize("at", ["2026-03-11 08:00", "20 hours"])
def test_at_lets_them_be_due_later(shop: ShopBuilder, step: int, at: str) -> None:
    row = failed(shop, step)

    result = retry(shop, "--all-failed", "--at", at, "--yes")

    assert result.stdout == "Scheduled 1 failed step again, due at 2026-03-11 08:00 UTC.\n"
    assert str(shop.progress(row)["scheduled_at"]) == "2026-03-11 08:00:00+00:00"


def test_without_a_terminal_it_wants_yes(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step)

    result = retry(shop, "--all-failed")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Schedule 1 failed step again? Nothing was changed" in result.stderr
    assert "--yes" in result.stderr
    assert shop.status(row) == "failed"


@pytest.mark.parametrize(("answer", "status", "code"), [("y", "scheduled", 0), ("n", "failed", 1)])
def test_on_a_terminal_it_lists_and_asks(
    shop: ShopBuilder, step: int, answer: str, status: str, code: int
) -> None:
    row = failed(shop, step)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())

    result = subprocess.run(
        [sys.executable, "-m", "segmail", "--database-url", url(shop), "retry", "--all-failed"],
        stdin=terminal,
        capture_output=True,
        text=True,
    )
    os.close(keyboard)
    os.close(terminal)

    assert result.returncode == code
    assert "VIP:enter:1" in result.stdout
    assert "Schedule 1 failed step again? [y/N]" in result.stderr
    assert shop.status(row) == status


def test_nothing_failed_is_no_error(shop: ShopBuilder, step: int) -> None:
    for options in (["--yes"], ["--dry-run"], []):
        result = retry(shop, "--step", "VIP:enter:1", *options)

        assert result.exit_code == 0
        assert "there is nothing to schedule again" in result.stdout


def test_json_tells_what_was_found_and_done(shop: ShopBuilder, step: int) -> None:
    row, sent = failed(shop, step, INTERRUPTED), shop.due(step, shop.customer(), status="sent")
    named = ["--progress", str(row), "--progress", str(sent), "--json"]

    dry = json.loads(retry(shop, *named, "--dry-run").stdout)
    done = json.loads(retry(shop, *named, "--yes").stdout)

    assert [one["progress_id"] for one in dry["failures"]] == [row]
    assert (dry["found"], dry["may_have_arrived"], dry["scheduled"]) == (1, 1, 0)
    assert dry["refused"] == [f"Progress {sent} is left alone: it is sent, not failed."]
    assert (done["scheduled"], done["due_at"]) == (1, "2026-03-10T12:00:00+00:00")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "Say which failed steps"),
        (["--all-failed", "--reason", "550"], "either --all-failed or"),
        (["--segment", "VPI"], "Did you mean 'VIP'"),
        (["--customer", "nobody@example.test"], "There is no customer"),
        (["--progress", "99"], "There is no progress row 99"),
        (["--all-failed", "--at", "2026-03-10 11:00"], "is in the past"),
        (["--since", "2026-03-10", "--until", "2026-03-09"], "Nothing lies between"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shop: ShopBuilder, step: int, arguments: list[str], fault: str
) -> None:
    failed(shop, step)

    result = retry(shop, *arguments, "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr


def test_more_than_the_limit_are_told_and_left_for_the_next_time(
    shop: ShopBuilder, step: int
) -> None:
    rows = [failed(shop, step) for _ in range(3)]

    first = retry(shop, "--all-failed", "--limit", "2", "--yes")
    last = retry(shop, "--all-failed", "--limit", "2", "--yes")

    assert first.stdout.startswith("Scheduled 2 failed steps again")
    assert "There are more like that: repeat the command, or give --limit 0" in first.stdout
    assert last.stdout == "Scheduled 1 failed step again, due at 2026-03-10 12:00 UTC.\n"
    assert [shop.status(row) for row in rows] == ["scheduled"] * 3
