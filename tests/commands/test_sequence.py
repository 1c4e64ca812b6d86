"""`segmail sequence`: what is printed, on which stream, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from segmail.cli import COMMANDS, program
from segmail.commands.sequence import sequence
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the commands is tested on the server too."""
    return "sqlite"


def segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "sequence", *arguments])


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    """A segment, two templates and a sales rule."""
    shop.template(code="Welcome")
    shop.template("{{var coupon_code}}", code="Last chance")
    shop.rule("15% off")
    return shop.segment("VIP")


def test_the_help_says_what_the_program_says() -> None:
    assert sequence.get_short_help_str(limit=99) == COMMANDS["Sequences"]["sequence"][1]
    assert all(command.help for command in sequence.commands.values())


def test_add_says_what_it_added(shop: ShopBuilder, vip: int) -> None:
    plain = segmail(shop, "add", "VIP", "--template", "Welcome", "--inactive")
    coupon = segmail(
        shop,
        *("add", "vip", "--template", "Last chance", "--delay", "7 days", "--trigger", "exit"),
        *("--coupon", "15% off", "--prefix", "save", "--expires-days", "3"),
    )

    assert plain.stdout == (
        "Added VIP:enter:1 (sequence 1): template 'Welcome' immediately, switched off.\n"
    )
    assert coupon.stdout == (
        "Added VIP:exit:1 (sequence 2): template 'Last chance' after 7 days, "
        "with coupon SAVE… of '15% off' for 3 days.\n"
    )
    assert (plain.exit_code, coupon.exit_code, coupon.stderr) == (0, 0, "")


def test_add_warns_on_stderr(shop: ShopBuilder, vip: int) -> None:
    result = segmail(shop, "add", "VIP", "--template", "Last chance")

    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: Newsletter template 2")


def test_add_refuses_with_every_fault_and_exit_code_2(shop: ShopBuilder, vip: int) -> None:
    result = segmail(shop, "add", "VIP", "--template", "Wellcome", "--delay", "soon")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'Welcome' (id 1)?\n'soon' is not a delay" in result.stderr


@pytest.mark.parametrize(
    "options", [["--step", "0"], ["--max-sends", "-1"], ["--expires-days", "0"], ["--trigger", "x"]]
)
def test_add_refuses_numbers_that_cannot_be(
    shop: ShopBuilder, vip: int, options: list[str]
) -> None:
    result = segmail(shop, "add", "VIP", "--template", "Welcome", *options)

    assert result.exit_code == 2
    assert shop.rows(shop.tables.sequence) == []


def test_a_script_can_seed_again_and_again(shop: ShopBuilder, vip: int) -> None:
    seed = ("add", "VIP", "--template", "Welcome", "--delay", "1h", "--if-missing", "--json")

    first, second = (json.loads(segmail(shop, *seed).stdout) for _ in range(2))
    differs = segmail(shop, *seed, "--max-sends", "2")

    assert (first["created"], second["created"]) == (True, False)
    assert first["step"] == second["step"]
    assert first["step"]["label"] == "VIP:enter:1"
    assert differs.exit_code == 2
    assert "max-sends is 1, not 2" in differs.stderr


def test_list_and_show_count_rows_by_status(shop: ShopBuilder, vip: int) -> None:
    step = shop.step(vip, 1, delay_minutes=1560)
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), status="sent")

    table = segmail(shop, "list", "--segment", "vip").stdout
    [listed] = json.loads(segmail(shop, "list", "--json").stdout)
    shown = segmail(shop, "show", "1").stdout

    assert "VIP:enter:1" in table
    assert "1 day 2 h (1560 minutes)" in shown
    assert listed["progress"] == {"scheduled": 1, "sent": 1, "failed": 0, "skipped": 0}
    assert json.loads(segmail(shop, "show", "VIP:enter:1", "--json").stdout) == listed


def test_edit_says_what_changed(shop: ShopBuilder, vip: int) -> None:
    shop.due(shop.step(vip, 1), shop.customer())

    changed = segmail(shop, "edit", "1", "--delay", "3 days")
    same = segmail(shop, "edit", "1", "--delay", "3 days")
    off = segmail(shop, "edit", "1", "--inactive", "--json")

    assert changed.stdout.splitlines() == [
        "Changed VIP:enter:1 (sequence 1): delay immediately → 3 days.",
        "Left at the time they had: 1 scheduled row.",
    ]
    assert "nothing was changed" in same.stdout
    assert json.loads(off.stdout)["skipped"] == 1


def test_disable_and_enable_say_what_became_of_each_step(shop: ShopBuilder, vip: int) -> None:
    shop.due(shop.step(vip, 1), shop.customer())

    off = segmail(shop, "disable", "VIP:enter:1")
    again = segmail(shop, "disable", "1", "--json")
    on = segmail(shop, "enable", "1")

    assert off.stdout == "VIP:enter:1 (sequence 1) is off now; skipped 1 scheduled row.\n"
    assert "Warning: The automation of 'VIP' is on" in off.stderr
    assert json.loads(again.stdout)["steps"][0]["changed"] is False
    assert on.stdout == "VIP:enter:1 (sequence 1) is on now.\n"


def test_enable_exits_with_78_where_a_step_cannot_be_sent(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, shop.template(subject=""), is_active=0)

    result = segmail(shop, "enable", "1")

    assert result.exit_code == 78
    assert "VIP:enter:1: Newsletter template 3" in result.stderr


def test_remove_without_a_terminal_needs_yes(shop: ShopBuilder, vip: int) -> None:
    shop.due(shop.step(vip, 1), shop.customer(), status="sent")

    refused = segmail(shop, "remove", "1")
    removed = segmail(shop, "remove", "1", "--yes")

    assert refused.exit_code == 2
    assert "Progress rows that go with it: 1 sent." in refused.stderr
    assert removed.stdout.splitlines() == [
        "Removed VIP:enter:1 (sequence 1) with 1 progress row.",
        "Later steps keep their numbers.",
    ]


def test_remove_prints_json(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, 1)

    removed = json.loads(segmail(shop, "remove", "1", "--yes", "--json").stdout)

    assert (removed["rows"], removed["step"]["label"]) == (0, "VIP:enter:1")


@pytest.mark.parametrize(("answer", "exit_code", "left"), [("n\n", 1, 1), ("y\n", 0, 0)])
def test_remove_asks_on_a_terminal(
    shop: ShopBuilder, vip: int, answer: str, exit_code: int, left: int
) -> None:
    shop.step(vip, 1)
    url = shop.url.render_as_string(hide_password=False)
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())

    run = subprocess.run(
        [sys.executable, "-m", "segmail", "--database-url", url, "sequence", "remove", "1"],
        stdin=theirs,
        capture_output=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)

    assert b"It has no progress rows. Remove VIP:enter:1 (sequence 1)?" in run.stderr
    assert run.returncode == exit_code
    assert len(shop.rows(shop.tables.sequence)) == left


def test_validate_exits_with_1_where_there_are_errors(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, shop.template(subject=""))

    table = segmail(shop, "validate")
    printed = segmail(shop, "validate", "VIP", "--json")

    assert (table.exit_code, printed.exit_code) == (1, 1)
    assert "has no subject" in table.stdout
    assert "1 error found" in table.stderr
    assert json.loads(printed.stdout)[0]["severity"] == "error"


def test_validate_as_json_names_segment_and_step(shop: ShopBuilder, vip: int) -> None:
    step = shop.step(vip, shop.template(subject=""))

    found = json.loads(segmail(shop, "validate", "--json").stdout)

    assert found[0] == {
        "severity": "error",
        "segment_id": vip,
        "segment": "VIP",
        "sequence_id": step,
        "step": "VIP:enter:1",
        "text": 'Newsletter template 3 "template 1" has no subject, so no mail can be sent. Set it '
        "in Maho under Newsletter > Newsletter Templates.",
    }


def test_validate_is_content_with_warnings(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, 1, number=2)

    result = segmail(shop, "validate")

    assert result.exit_code == 0
    assert "Before it step 1 is missing." in result.stdout


def test_validate_says_that_nothing_is_wrong(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, shop.template("{{var subscriber.getUnsubscriptionLink()}}"))

    assert segmail(shop, "validate").stdout == "No faults found.\n"
