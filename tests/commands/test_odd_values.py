"""Whatever an option of whichever command is given, the answer is a line, and never "a bug"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests import each_command
from tests.each_case import for_each
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

_COMMANDS = {**each_command.READING, **each_command.WRITING}
_NUMBERS = ("-1", "9" * 40, "nan", "0")
_PATHS = ("folder", "dangling", "x" * 300 + "/y", "caf\udce9")
_TEXTS = ("-1", "9" * 40, "0001-01-01", "9999-12-31 23:59:59", "99999999 months ago", "caf\udce9")


def _odd_values(parameter: click.Parameter) -> tuple[str, ...]:
    if isinstance(parameter.type, click.Choice):
        return ("0",)
    if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
        return _NUMBERS
    if isinstance(parameter.type, click.Path | click.File):
        return _PATHS
    return (*_TEXTS, "folder") if "file" in f"{parameter.name} {parameter.metavar}" else _TEXTS


def _takes_value(parameter: click.Parameter) -> bool:
    return not (isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count))


def _given(name: str, parameter: click.Parameter, value: str) -> list[str]:
    """Return a command line with the value in the parameter's place."""
    usual = list(_COMMANDS[name])
    if isinstance(parameter, click.Option):
        return [*name.split(), *usual, f"{parameter.opts[0]}={value}"]
    return [*name.split(), *usual[1:], "--", value]


def _parameters(name: str) -> Iterator[click.Parameter]:
    command = dict(each_command.leaves(program))[name]
    return filter(_takes_value, command.params)


@pytest.fixture
def segmail_there(shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with files, a shop, and the options that name it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMAIL_SMTP_URL", f"file://{tmp_path}/mails")
    each_command.fill(shop)
    each_command.write_files(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    url = shop.url.render_as_string(hide_password=False)
    return ["--database-url", url, "--log-file", "log", "--state-dir", "state",
            "--now", "2026-03-10 12:00"]  # fmt: skip


def _is_clear(done: Result) -> bool:
    """Tell whether a command did its work, or said in a line why it does not."""
    if not (done.exception is None or isinstance(done.exception, SystemExit)):
        return False
    if done.exit_code in (0, 1):
        return True
    is_told = done.stderr.count("Error: ") == 1 and len(done.stderr) < 1_000
    return done.exit_code in (2, 75, 78) and is_told


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("name", _COMMANDS)
def test_an_odd_value_is_refused_in_a_line(name: str, segmail_there: list[str]) -> None:
    unclear = {}
    every = by_far(2, 1)
    for number, parameter in enumerate(_parameters(name)):
        for value in _odd_values(parameter)[number % every :: every]:
            given = _given(name, parameter, value)
            done = CliRunner().invoke(program, [*segmail_there, *given], input="")
            if not _is_clear(done):
                unclear[f"{parameter.opts[0]} {value[:30]!r}"] = done.stderr or done.exception

    assert not unclear


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("option", [one.opts[0] for one in program.params if _takes_value(one)])
def test_so_is_one_of_a_global_option(option: str, segmail_there: list[str]) -> None:
    unclear = {}
    for value in (*_PATHS, *_TEXTS):
        done = CliRunner().invoke(
            program, [*segmail_there, f"{option}={value}", "sequence", "list"]
        )
        if not _is_clear(done):
            unclear[value[:30]] = done.stderr or done.exception

    assert not unclear


@for_each(
    ("value", "said"),
    [
        ("a\0b", r"a NUL byte in it: 'a\x00b'"),
        ("\ud83d", r"half a character in it: '\ud83d'"),
        ("one\ntwo", r"more than one line: 'one\ntwo'"),
        ("x" * 100_000, "has 100,000 characters"),
        ("1" * 5_000, "has 5,000 characters"),
    ],
)
@for_each("option", ["--customer", "--segment", "--since", "--limit", "--nothing"])
def test_what_cannot_be_an_argument_is_told_at_once(option: str, value: str, said: str) -> None:
    done = CliRunner().invoke(program, ["history", option, value])

    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400"])
def test_what_is_no_number_is_refused_for_one(value: str) -> None:
    done = CliRunner().invoke(program, ["process-emails", "--rate", value])

    assert done.exit_code == 2
    assert "Invalid value for '--rate'" in done.stderr


@pytest.mark.parametrize("folder", ["", "caf\udce9", "dangling/x", "x" * 300, "/dev/full"])
def test_so_is_a_folder_where_no_demo_can_be(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dangling").write_text("no folder")

    assert CliRunner().invoke(program, ["demo", "--dir", folder]).exit_code == 2
