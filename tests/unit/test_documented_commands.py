"""Every command line in a page is one that the program understands."""

from __future__ import annotations

import re
import shlex

import click

from segmail.cli import program
from tests.each_case import for_each
from tests.program import ROOT

PAGES = {
    str(file.relative_to(ROOT)): file.read_text("utf-8")
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
_LINE = re.compile(r"(?:^|[\s/(])segmail ([^\n]+)")
_NO_COMMAND = re.compile("[…─]|^alias ")  # shortened, a headline, or the beginning of one


def command_lines(text: str) -> set[str]:
    """Return what follows `segmail ` in code: in backticks, and in blocks for a shell."""
    blocks = re.findall(r"```(?:sh|crontab)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    codes = [code.partition(" #")[0] for code in (*lines, *inline) if not _NO_COMMAND.search(code)]
    return {found[1].strip() for code in codes if (found := _LINE.search(code))}


LINES = sorted({(page, line) for page, text in PAGES.items() for line in command_lines(text)})


def understand(words: list[str]) -> None:
    """Go down to the command that is named; its options must be its own."""
    command: click.Command = program
    context = click.Context(program, info_name="segmail")
    while isinstance(command, click.Group):
        options = {name: one for one in command.params for name in one.opts}
        while words and words[0].startswith("-"):
            option = options[words.pop(0).partition("=")[0]]
            if isinstance(option, click.Option) and not option.is_flag and not option.count:
                words.pop(0)
        if not words:
            return  # a group by itself prints its help
        name = words.pop(0)
        inner = command.get_command(context, name)
        assert inner is not None, f"there is no command {name}"
        command = inner
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given <= known | {"--help", "-h"}
    takes = [one for one in command.params if isinstance(one, click.Argument)]
    assert takes or not words or words[0].startswith("-"), f"{command.name} takes no {words[0]}"


@for_each(("page", "line"), LINES)
def test_a_documented_command_is_understood(page: str, line: str) -> None:
    line = re.split(r"\s(?:\||>|&&|;)", line)[0]
    understand(shlex.split(re.sub(r"[\[\]]", "", line)))  # brackets: what may be left out


def test_there_are_many() -> None:
    assert len(LINES) > 100
