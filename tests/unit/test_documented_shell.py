"""What pages and samples show besides segmail's own commands: shell lines, and files.

tests/commands/test_documented_lines.py runs segmail's commands, tests/e2e the backup
(test_documented_backup.py) and the SQL (test_spec_monitoring.py).
"""

from __future__ import annotations

import re
import shlex
import subprocess
from itertools import groupby
from pathlib import Path

from tests.each_case import for_each
from tests.program import ROOT

PAGES = {
    str(file.relative_to(ROOT)): file.read_text("utf-8")
    for file in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
}
BLOCKS = [
    (page, language, block)
    for page, text in PAGES.items()
    for language, block in re.findall(r"^```([a-z]*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
]
SCRIPTS = [(page, block) for page, language, block in BLOCKS if language == "sh"]
_INSTALLED = "/opt/segmail/"  # where the pages install this repository
_OTHERS = {"git", "export", "tar", "mariadb-dump"}  # what the pages run of others


@for_each(("page", "block"), SCRIPTS)
def test_a_script_is_one_that_a_shell_understands(page: str, block: str) -> None:
    checked = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True)

    assert (checked.returncode, checked.stderr) == (0, "")


@for_each(("page", "block"), SCRIPTS)
def test_a_script_runs_programs_that_are_here_or_known(page: str, block: str) -> None:
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        program = next((word for word in words if not re.match("[A-Z_]+=", word)), "segmail")
        here = ROOT / program.removeprefix(_INSTALLED)
        assert program == "segmail" or program in _OTHERS or here.is_file(), line


def test_every_crontab_line_has_a_time_and_a_program_that_is_here() -> None:
    lines = [
        line
        for _page, language, block in BLOCKS
        for line in block.splitlines()
        if language in ("", "crontab") and re.match(r"(?:[*\d/,-]+ +){5}", line)
    ]

    assert len(lines) > 5
    for line in lines:
        assert (ROOT / line.split()[5].removeprefix(_INSTALLED)).is_file(), line


@for_each("page", PAGES)
def test_every_file_that_is_named_is_here(page: str) -> None:
    """In backticks; `docs/x.md` counts from the root, and so does what is below `bin/`."""
    named = re.findall(r"`((?:bin|sql|docs|tests)/[\w@./-]+)[^`\n]*`", PAGES[page])

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_language_of_a_block_has_its_test() -> None:
    kinds = {language for language, _ in groupby(sorted(language for _, language, _ in BLOCKS))}

    assert kinds == {"", "sh", "crontab", "console", "text", "yaml", "toml", "sql"}


def test_samples_for_the_shell_are_understood() -> None:
    for file in sorted((ROOT / "docs/samples").glob("*.sh")):
        subprocess.run(["sh", "-n", file], check=True)


def test_everything_an_operator_looks_for_is_in_the_index() -> None:
    index = PAGES["docs/README.md"].casefold()
    wanted = ("install", "take over", "symptom", "back up and restore", "upgrade", "monitor",
              "several machines", "security")  # fmt: skip

    assert [words for words in wanted if words not in index] == []
    assert Path(ROOT / "crontab.example").is_file()
