"""`segmail segment`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from segmail.cli import COMMANDS, program
from segmail.commands.segment import segment
from segmail.maho.schema.tables import Layout
from tests.shop_builder import ShopBuilder


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: what lies behind the commands is tested on the server too."""
    return "sqlite"


def segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, "segment", *arguments])


def test_the_help_says_what_the_program_says() -> None:
    assert segment.get_short_help_str(limit=99) == COMMANDS["Segments"]["segment"][1]
    assert all(command.help for command in segment.commands.values())


def test_list_shows_every_segment(shop: ShopBuilder) -> None:
    shop.due(shop.step(shop.segment("VIP", automation=False)), shop.customer())
    shop.segment("Newcomers")

    table = segmail(shop, "list").stdout
    vip, newcomers = json.loads(segmail(shop, "list", "--json").stdout)

    assert "VIP" in table
    assert "1 of 1" in table
    assert (vip["automation"], vip["pending"], vip["held"]) == (False, 1, 1)
    assert (newcomers["name"], newcomers["automation"], newcomers["steps"]) == (
        "Newcomers",
        True,
        0,
    )


@pytest.mark.parametrize("layout", list(Layout))
def test_show_tells_about_the_segment_and_its_steps(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"), shop.template(code="Welcome"))

    shown = segmail(shop, "show", "vip").stdout
    printed = json.loads(segmail(shop, "show", "1", "--json").stdout)

    assert "1, 1 active" in shown
    assert "VIP:enter:1" in shown
    assert printed["sequence"][0]["template"] == "Welcome"


def test_an_unknown_segment_is_wrong_usage(shop: ShopBuilder) -> None:
    result = segmail(shop, "show", "VIP")

    assert result.exit_code == 2
    assert "There is no segment 'VIP'" in result.stderr


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_automation_says_what_it_did(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment("VIP", trigger="none"))
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), scheduled_at=shop.now + timedelta(days=1))

    on = segmail(shop, "automation", "VIP", "on", "--trigger", "exit")
    off = segmail(shop, "automation", "VIP", "off")

    assert on.stdout.splitlines() == [
        "The automation of 'VIP' is on now, with the trigger 'exit'.",
        "Skipped, having another trigger: 2 scheduled rows.",
    ]
    assert off.stdout.splitlines() == ["The automation of 'VIP' is off now."]


def test_automation_prints_json(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"))

    done = json.loads(segmail(shop, "automation", "1", "off", "--json").stdout)

    assert (done["active"], done["changed"], done["due"]) == (False, True, 0)


def test_automation_exits_with_78_where_steps_cannot_be_sent(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP", automation=False)
    nothing = segmail(shop, "automation", "VIP", "on")
    shop.step(vip, shop.template(subject=""))

    broken = segmail(shop, "automation", "VIP", "on")

    assert (nothing.exit_code, broken.exit_code) == (78, 78)
    assert "has no active step" in nothing.stderr
    assert "has no subject" in broken.stderr


def test_a_trigger_that_the_steps_do_not_have_is_wrong_usage(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", automation=False))

    result = segmail(shop, "automation", "VIP", "on", "--trigger", "exit")

    assert result.exit_code == 2
    assert "segmail sequence edit STEP --trigger exit" in result.stderr
