"""What holds for every command: --json where it shows, --dry-run where it writes."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from segmail.cli import COMMANDS, INTERRUPTED, program
from segmail.maho.progress import ProgressStatus
from tests.program import start
from tests.shop_builder import ShopBuilder

# These print a document, or tell a story.
_NO_JSON = {"completion", "demo", "help", "segment export", "template render"}
# Commands that leave the shop as it is; every other one can be tried first.
_CHANGES_NOTHING = {
    "campaign diff",
    "campaign export",
    "campaign schema",
    "campaign validate",
    "completion",
    "config check",
    "config show",
    "demo",
    "doctor",
    "help",
    "history",
    "preview",
    "recipe export",
    "recipe list",
    "recipe show",
    "report",
    "schema check",
    "segment explain",
    "segment export",
    "segment list",
    "segment match",
    "segment show",
    "sequence list",
    "sequence show",
    "sequence validate",
    "simulate",
    "status",
    "template lint",
    "template list",
    "template render",
    "template show",
    "why",
}


def _commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(program)
    for section in COMMANDS.values():
        for name in section:
            command = program.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from ((f"{name} {sub}", found) for sub, found in command.commands.items())
            else:
                yield name, command


def _options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def _segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program, ["--database-url", url, "--now", "2026-03-10 12:00", *arguments]
    )


def _content(shop: ShopBuilder) -> dict[str, Any]:
    with shop.database.read() as connection:
        return {
            table.name: connection.execute(table.select()).all()
            for table in shop.tables.metadata.sorted_tables
        }


def test_every_command_speaks_json() -> None:
    lacking = {name for name, command in _commands() if "--json" not in _options(command)}

    assert lacking == _NO_JSON


def test_every_command_that_writes_can_be_tried() -> None:
    lacking = {name for name, command in _commands() if "--dry-run" not in _options(command)}

    assert lacking == _CHANGES_NOTHING


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("sequence", "add", "VIP", "--template", "Hello"),
        ("sequence", "edit", "VIP:enter:1", "--delay", "3 days"),
        ("sequence", "disable", "VIP:enter:1"),
        ("sequence", "enable", "VIP:enter:2"),
        ("sequence", "remove", "VIP:enter:1"),
        ("sequence", "needs", "VIP:enter:1", "products"),
        ("segment", "automation", "VIP", "off", "--goal", "order"),
        ("cleanup-progress", "--days", "0"),
        ("process-emails",),
        ("refresh-segments", "--all"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_dry_run_tells_and_changes_nothing(
    shop: ShopBuilder, arguments: tuple[str, ...], as_json: bool
) -> None:
    template = shop.template(code="Hello")
    segment = shop.segment("VIP")
    step = shop.step(segment, template_id=template)
    shop.step(segment, template_id=template, number=2, is_active=0)
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), status=ProgressStatus.SKIPPED.value)
    before = _content(shop)

    result = _segmail(shop, *arguments, "--dry-run", *(["--json"] if as_json else []))

    assert result.exit_code == 0
    assert "2026-03-10 12:00" not in result.stderr  # the log
    assert json.loads(result.stdout) is not None if as_json else result.stdout
    assert _content(shop) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts"], "No such command 'stauts'. Did you mean 'status'?"),
        (["sequence", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["help", "sequnce", "add"], "No such command 'sequnce'. Did you mean 'sequence'?"),
        (
            ["status", "--database-url", "x"],
            "--database-url is a global option: give it before the command, as in "
            "`segmail --database-url … status`.",
        ),
        (["history", "--jsno"], "No such option"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(program, arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_help_can_be_typed_first() -> None:
    asked = CliRunner().invoke(program, ["help", "sequence", "add"])

    assert asked.exit_code == 0
    assert asked.stdout == CliRunner().invoke(program, ["sequence", "add", "--help"]).stdout


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_ctrl_c_ends_a_run_in_order_with_130(shop: ShopBuilder, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)  # the program's clock is real
    step = shop.step(shop.segment("VIP"))
    for _ in range(40):
        shop.due(step, shop.customer(), scheduled_at=now)
    mails = tmp_path / "mails"

    with start(shop.url, tmp_path, "process-emails", "--rate", "10") as run:
        while not (mails.exists() and any(mails.glob("*.eml"))):  # written under another name first
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        _out, err = run.communicate(timeout=300)

    sent = len(shop.rows(shop.tables.progress, status=ProgressStatus.SENT.value))
    assert (run.returncode, err) == (INTERRUPTED, "Interrupted.\n")
    assert 0 < sent == len(list(mails.glob("*.eml"))) < 40
