"""What is written about the program is true: help, README, docs, crontab.example."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import click

from segmail import errors
from segmail.cli import COMMANDS, INTERRUPTED, program
from segmail.coupons.words import MAHOS
from segmail.settings import (
    DeliverySettings,
    MessageSettings,
    SegmentSettings,
    TemplateSettings,
    load_settings,
)
from tests.command_reference import PAGE, every_command, render
from tests.each_case import for_each
from tests.program import ROOT

DOCS = ROOT / "docs"
FILES = {
    str(file.relative_to(ROOT)): file
    for file in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))
}
TEXTS = {name: file.read_text("utf-8") for name, file in FILES.items()}
README = TEXTS["README.md"]
CONFIGURATION = TEXTS["docs/configuration.md"]
CRONTAB = (ROOT / "crontab.example").read_text("utf-8")

EVERY = dict(every_command())
OPTIONS = {
    option
    for command in (program, *EVERY.values())
    for parameter in command.params
    for option in (*parameter.opts, *parameter.secondary_opts)
}
OTHER_PROGRAMS_OPTIONS = {
    "--check",  # ruff format
    "--full",  # bin/bench-segments
    "--kills",  # bin/storm
    "--large",  # bin/bench
    "--peers",
    "--link",
    "--instructions",
    "--before",
    "--run",  # bin/matrix
    "--seed",  # bin/storm
    "--single-transaction",  # mariadb-dump
    "--upgrade",  # bin/lock
    "--upgrade-package",
}


@for_each("name", EVERY)
def test_every_command_and_option_has_help(name: str) -> None:
    command = EVERY[name]

    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


@for_each(
    ("name", "help_"),
    [(name, help_) for section in COMMANDS.values() for name, (_, help_) in section.items()],
)
def test_the_list_of_commands_says_what_the_command_says(name: str, help_: str) -> None:
    told = EVERY[name].help or ""

    assert told.splitlines()[0] == help_


def test_the_page_of_the_commands_is_what_their_help_says() -> None:
    assert PAGE.read_text("utf-8") == render(), "run bin/docs"


@for_each("name", EVERY)
def test_every_command_is_documented_with_its_options(name: str) -> None:
    _, _, after = TEXTS["docs/commands.md"].partition(f"## {name}\n")
    section = re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]

    assert after
    for parameter in EVERY[name].params:
        if isinstance(parameter, click.Option):
            assert re.search(rf"{re.escape(parameter.opts[-1])}[ `]", section)


@for_each("name", TEXTS)
def test_every_option_in_a_page_exists(name: str) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXTS[name]))

    assert named - OPTIONS - OTHER_PROGRAMS_OPTIONS <= {"--help"}


def test_the_readme_is_short() -> None:
    lines = README.splitlines()

    assert len(lines) <= 150
    assert len(README.split()) < 1200
    assert max(len(line) for line in lines) <= 120


@for_each("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", TEXTS[name], flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", prose)

    broken = [link for link in links if "://" not in link and not _resolves(link, FILES[name])]

    assert broken == []


def test_every_page_is_in_the_index() -> None:
    index = TEXTS["docs/README.md"]
    pages = [file.relative_to(DOCS) for file in DOCS.rglob("*.md") if file.name != "README.md"]

    assert [page for page in pages if f"]({page})" not in index] == []


def test_the_configuration_shows_every_default(tmp_path: Path) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL)
    file = tmp_path / "segmail.toml"
    file.write_text(block.replace('"/var/www/maho"', f'"{_maho_root(tmp_path)}"'), "utf-8")

    settings = load_settings({"config": str(file)}, {})

    assert tomllib.loads(block)["delivery"] == asdict(DeliverySettings())
    assert tomllib.loads(block)["segments"] == asdict(SegmentSettings())
    assert tomllib.loads(block)["templates"] == asdict(TemplateSettings())
    assert settings.message == replace(MessageSettings(), coupon_words={"en": MAHOS})
    told = {*tomllib.loads(block)["message"], "coupon_words", "loyalty_tiers"}
    assert told == set(asdict(MessageSettings()))
    assert settings.database_url is not None
    assert settings.database_url.password == "p@ss"


def test_the_configuration_names_every_variable() -> None:
    variables = {
        parameter.envvar for parameter in program.params if isinstance(parameter.envvar, str)
    }

    named = set(re.findall(r"`(SEGMAIL_[A-Z_]+)`", CONFIGURATION))

    assert variables | {"SEGMAIL_SMTP_URL", "SEGMAIL_TEST_DATABASE_URL"} == named


def test_the_readme_explains_every_exit_code() -> None:
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SegmailError)
    }
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert explained == codes | {0, 70, INTERRUPTED}


def test_the_readmes_crontab_is_that_of_the_example() -> None:
    [block] = re.findall(r"```crontab\n(.*?)```", README, re.DOTALL)
    lines = [line.split() for line in CRONTAB.splitlines()]

    assert [line for line in block.splitlines() if line.split() not in lines] == []


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


@for_each("words", [words for _, words in _jobs()], ids=" ".join)
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


def _resolves(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def test_the_architecture_names_files_that_are_there() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    there = {str(file.relative_to(ROOT / "segmail")) for file in (ROOT / "segmail").rglob("*.py")}

    assert len(named) > 30
    assert [
        name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in there)
    ] == []
