"""No option chooses everything because a shell variable was empty."""

from __future__ import annotations

import click
from click.testing import CliRunner

from segmail.cli import program
from tests.each_case import for_each
from tests.each_command import leaves

_MAY_BE_EMPTY = {"table_prefix", "prefix"}


def _blank_arguments() -> list[list[str]]:
    """Return each way to give one option or argument nothing, the others something."""
    found = [[option.opts[0], "", "doctor"] for option in program.params if _takes_text(option)]
    for name, command in leaves(program):
        arguments = [one for one in command.params if isinstance(one, click.Argument)]
        for parameter in command.params:
            if not _takes_text(parameter):
                continue
            words = ["" if one is parameter else "1" for one in arguments]
            if isinstance(parameter, click.Option):
                words += [parameter.opts[0], ""]
            found.append([*name.split(), *words])
    return found


def _takes_text(parameter: click.Parameter) -> bool:
    if parameter.name in _MAY_BE_EMPTY:
        return False
    return not (isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count))


@for_each("arguments", _blank_arguments(), ids=" ".join)
def test_emptiness_is_refused(arguments: list[str]) -> None:
    given = arguments if arguments[0].startswith("--") else ["--database-url", "sqlite:////x"]
    result = CliRunner().invoke(program, given if given is arguments else [*given, *arguments])

    assert result.exit_code == 2, result.output
