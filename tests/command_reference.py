"""Writes docs/commands.md from the commands themselves; `bin/docs` runs this.

Nothing here asks Click to lay out text, so that the page does not depend on its version or on the
width of a terminal.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator

import click

from segmail.cli import COMMANDS, program
from tests.program import ROOT

PAGE = ROOT / "docs" / "commands.md"

_INTRODUCTION = """\
# Commands

This page is written by `bin/docs` from the commands' own help, the same text that `--help` shows.
To change it, change the help and run `bin/docs`.

Segments, templates and sales rules are named by their id or their exact name, and steps by their
id or as `SEGMENT:TRIGGER:NUMBER`, such as `VIP:enter:2`. Times are UTC unless they have an offset:
`2026-03-10`, `"2026-03-10 12:00"` or `2026-03-10T08:00+01:00`. Every command has `-h` and `--help`.
What the exit codes mean is in the [README](../README.md#exit-codes); settings that apply to every
run are in [Configuration](configuration.md).
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *_index(), *_global_options(), *_sections()]).rstrip() + "\n"


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yield each command and subcommand with its name, in the order of `segmail --help`."""
    yield from _below(program)


def _below(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join([*names, name]), command
        if isinstance(command, click.Group):
            yield from _below(command, *names, name)


def _index() -> Iterator[str]:
    for title, section in COMMANDS.items():
        yield f"| {title} | |"
        yield "|---|---|"
        for name, (_, summary) in section.items():
            yield f"| [`{name}`](#{name}) | {_cell(summary)} |"
        yield ""


def _global_options() -> Iterator[str]:
    yield "## Global options"
    yield ""
    yield "They stand before the command: `segmail --maho-root /var/www/maho doctor`."
    yield ""
    yield from _options(program)


def _sections() -> Iterator[str]:
    for title, section in COMMANDS.items():
        yield f"## {title}"
        yield ""
        for name, command in every_command():
            if name.split()[0] in section:
                yield from _command(name, command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield f"{'###' if ' ' not in name else '####'} {name}"
    yield ""
    prose, examples = _help(command)
    for paragraph in prose:
        yield from textwrap.wrap(_text(paragraph), 100, break_on_hyphens=False)
        yield ""
    if isinstance(command, click.Group):
        listed = command.list_commands(click.Context(command))
        links = ", ".join(f"[`{one}`](#{name}-{one})" for one in listed)
        yield from textwrap.wrap(f"Its commands: {links}.", 100, break_on_hyphens=False)
        yield ""
        return
    yield "```text"
    yield " ".join(["segmail", name, "[OPTIONS]", *_arguments(command)])
    yield "```"
    yield ""
    yield from _options(command)
    if examples:
        yield "```sh"
        yield from examples
        yield "```"
        yield ""


def _help(command: click.Command) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a command's help, and the lines of its examples."""
    prose: list[str] = []
    examples: list[str] = []
    for paragraph in textwrap.dedent((command.help or "").replace("\b", "")).split("\n\n"):
        first, *rest = paragraph.strip().splitlines() or [""]
        if first in ("Example:", "Examples:"):
            examples += textwrap.dedent("\n".join(rest)).splitlines()
        elif first:
            prose.append(" ".join([first, *(line.strip() for line in rest)]))
    return prose, examples


def _arguments(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            shown = parameter.metavar or str(parameter.name).upper()
            if parameter.metavar is None and not parameter.required:
                shown = f"[{shown}]"
            yield shown


def _options(command: click.Command) -> Iterator[str]:
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if not options:
        return
    yield "| option | |"
    yield "|---|---|"
    for option in options:
        yield f"| {_names(option)} | {_cell(option.help or '')}{_notes(option)} |"
    yield ""


def _names(option: click.Option) -> str:
    value = _value(option)
    *short, last = option.opts
    names = [*short, f"{last} {value}".strip(), *option.secondary_opts]
    return ", ".join(f"`{_pipe(name)}`" for name in names)


def _value(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(str(getattr(one, "value", one)) for one in option.type.choices)
    return "N" if isinstance(option.type, (click.types.IntParamType, click.FloatRange)) else "TEXT"


def _notes(option: click.Option) -> str:
    notes = []
    if option.required:
        notes.append("Required.")
    if option.show_default:
        notes.append(f"Default: `{option.default}`.")
    if isinstance(option.envvar, str):
        notes.append(f"Variable: `{option.envvar}`.")
    return "".join(f" {note}" for note in notes)


def _text(text: str) -> str:
    """Return text as Markdown that shows it as it stands: directives and names in capitals."""
    return re.sub(r"(?<!`)(\{\{.*?\}\})", r"`\1`", text).replace("<", "&lt;")


def _cell(text: str) -> str:
    return _pipe(_text(text))


def _pipe(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page, and say whether it changed."""
    page = render()
    changed = not PAGE.exists() or PAGE.read_text("utf-8") != page
    if changed:
        PAGE.write_text(page, "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {'written' if changed else 'unchanged'}\n")


if __name__ == "__main__":
    main()
