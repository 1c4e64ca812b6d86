"""What is written about the program is true: help, README, crontab.example."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from segmail import errors
from segmail.cli import COMMANDS, program
from segmail.settings import (
    DeliverySettings,
    MessageSettings,
    SegmentSettings,
    TemplateSettings,
    load_settings,
)
from tests.program import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CRONTAB = (ROOT / "crontab.example").read_text("utf-8")


def _walk(command: click.Command, *names: str) -> Iterator[tuple[str, click.Command]]:
    if names:
        yield " ".join(names), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _walk(found, *names, name)


EVERY = dict(_walk(program))
OPTIONS = {
    option
    for command in (program, *EVERY.values())
    for parameter in command.params
    for option in (*parameter.opts, *parameter.secondary_opts)
}


@pytest.mark.parametrize("name", EVERY)
def test_every_command_and_option_has_help(name: str) -> None:
    command = EVERY[name]

    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize(
    ("name", "help_"),
    [(name, help_) for section in COMMANDS.values() for name, (_, help_) in section.items()],
)
def test_the_list_of_commands_says_what_the_command_says(name: str, help_: str) -> None:
    told = EVERY[name].help or ""

    assert told.splitlines()[0] == help_


@pytest.mark.parametrize("name", EVERY)
def test_every_command_is_in_the_readme(name: str) -> None:
    group, _, verb = name.rpartition(" ")
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{group or verb}` |")]

    assert f"`{verb}`" in row


def test_every_option_in_the_readme_exists() -> None:
    commands = README[README.index("## Configuration") : README.index("## When something")]

    assert set(re.findall(r"--[a-z][a-z-]+", commands)) - OPTIONS == {"--help"}


def test_the_readmes_configuration_shows_every_default(tmp_path: Path) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "segmail.toml"
    file.write_text(block.replace('"/var/www/maho"', f'"{_maho_root(tmp_path)}"'), "utf-8")

    settings = load_settings({"config": str(file)}, {})

    assert tomllib.loads(block)["delivery"] == asdict(DeliverySettings())
    assert tomllib.loads(block)["segments"] == asdict(SegmentSettings())
    assert tomllib.loads(block)["templates"] == asdict(TemplateSettings())
    assert settings.message == MessageSettings()
    assert set(tomllib.loads(block)["message"]) == set(asdict(MessageSettings()))
    assert settings.database_url is not None
    assert settings.database_url.password == "p@ss"


def test_the_readme_names_every_variable() -> None:
    variables = {
        parameter.envvar for parameter in program.params if isinstance(parameter.envvar, str)
    }

    assert variables | {"SEGMAIL_SMTP_URL"} <= set(re.findall(r"`(SEGMAIL_[A-Z_]+)`", README))


def test_the_readme_explains_every_exit_code() -> None:
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SegmailError)
    }
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert explained == codes | {0, 70}


def _jobs() -> list[tuple[str, list[str]]]:
    lines = [line for line in CRONTAB.splitlines() if line and not line.startswith("#")]
    jobs = [line.split(maxsplit=5) for line in lines if "=" not in line.split()[0]]
    return [(" ".join(job[:5]), shlex.split(job[5])) for job in jobs]


def test_the_crontab_has_the_specifications_schedules() -> None:
    assert {words[1]: schedule for schedule, words in _jobs()} == {
        "process-emails": "*/5 * * * *",
        "refresh-segments": "*/15 * * * *",
        "cleanup-progress": "0 2 * * *",
        "cleanup-coupons": "0 3 * * *",
        "report": "0 4 * * *",
    }


@pytest.mark.parametrize("words", [words for _, words in _jobs()], ids=" ".join)
def test_the_crontabs_commands_and_options_exist(words: list[str]) -> None:
    path, name, *options = words

    assert Path(path).name == "segmail"
    EVERY[name].make_context(name, options)


def test_the_crontab_sets_only_variables_that_are_known() -> None:
    names = re.findall(r"^([A-Z_]+)=", CRONTAB, re.MULTILINE)

    assert set(names) == {"SHELL", "PATH", "MAILTO", "SEGMAIL_MAHO_ROOT"}


def _maho_root(folder: Path) -> Path:
    """Make a Maho root whose local.xml names a database, as every shop has one."""
    root = folder / "maho"
    (root / "app/etc").mkdir(parents=True)
    (root / "app/etc/local.xml").write_text(
        "<config><global><resources><default_setup><connection><host>db</host>"
        "<username>shop</username><password>x</password><dbname>maho</dbname>"
        "</connection></default_setup></resources></global></config>"
    )
    return root
