"""An option that is given with nothing in it is refused.

`--segment "$NAME"` with a variable that is not set would else choose everything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

# Options whose emptiness says something: no prefix at all.
_MAY_BE_EMPTY = {"table_prefix", "prefix"}
_FOLDERS = {"dir"}


def refuse_emptiness(command: click.Command) -> click.Command:
    """Let a command, and all commands of a group, refuse blank values of options and arguments."""
    for parameter in command.params:
        if _takes_text(parameter) and not isinstance(parameter.callback, _NotEmpty):
            parameter.callback = _NotEmpty(parameter.callback)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            refuse_emptiness(inner)
    return command


def _takes_text(parameter: click.Parameter) -> bool:
    flag = isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count)
    return not flag and parameter.name not in _MAY_BE_EMPTY


def _is_empty(value: Any, parameter: click.Parameter) -> bool:
    if isinstance(value, Path):  # click has made '.' of nothing, and no file is called so
        return value == Path() and parameter.name not in _FOLDERS
    return isinstance(value, str) and not value.strip()


class _NotEmpty:
    """A parameter's callback, after a look whether there is anything in the value."""

    def __init__(self, then: Callable[..., Any] | None) -> None:
        self._then = then

    def __call__(self, context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        for one in value if isinstance(value, tuple | list) else (value,):
            if _is_empty(one, parameter):
                raise click.BadParameter(
                    "is empty; leave it out, or see to the variable that it comes from.",
                    context,
                    parameter,
                )
        return value if self._then is None else self._then(context, parameter, value)
