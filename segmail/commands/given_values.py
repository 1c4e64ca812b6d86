"""Refuses values that no option or argument can have.

These are an empty value, because `--segment "$NAME"` with an unset variable would otherwise choose
everything; half a character or a NUL byte, which neither a name nor a file's path contains; more
than one line; more characters than any value has; and a number that is not one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

# Options for which an empty value has a meaning: no prefix at all.
_MAY_BE_EMPTY = {"table_prefix", "prefix"}
_FOLDERS = {"dir"}
_LONGEST = 4_096  # maximum characters, as in a path; names in the database have 255
_SHOWN = 40


def check_arguments(arguments: Sequence[str]) -> None:
    """Raise click.UsageError for an impossible argument, before anything is done with it."""
    for one in arguments:
        shown = ascii(one[:_SHOWN])
        if len(one) > _LONGEST:
            raise click.UsageError(
                f"An argument has {len(one):,} characters, and begins with {shown}; "
                f"none has more than {_LONGEST:,}."
            )
        if "\0" in one:
            raise click.UsageError(f"An argument has a NUL byte in it: {shown}.")
        if "\n" in one or "\r" in one:
            raise click.UsageError(f"An argument has more than one line: {shown}.")
        try:
            one.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise click.UsageError(f"An argument has half a character in it: {shown}.") from None


def check_values(command: click.Command) -> click.Command:
    """Make a command, and all commands of a group, refuse values that nobody can mean."""
    for parameter in command.params:
        if _takes_text(parameter) and not isinstance(parameter.callback, _Checked):
            parameter.callback = _Checked(parameter.callback)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            check_values(inner)
    return command


def _takes_text(parameter: click.Parameter) -> bool:
    return not (isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count))


def _faults(value: Any, parameter: click.Parameter) -> Iterator[str]:
    if isinstance(value, Path):  # click has turned '' into '.', and no file has that name
        is_empty = value == Path() and parameter.name not in _FOLDERS
    else:
        is_empty = isinstance(value, str) and not value.strip()
    if is_empty and parameter.name not in _MAY_BE_EMPTY:
        yield "is empty; leave it out, or see to the variable that it comes from."
    if isinstance(value, float) and not math.isfinite(value):  # which compares with no range
        yield f"is not a number: {value}."
    if not isinstance(value, str):
        return  # a path may contain any bytes
    if any("\udc80" <= character <= "\udcff" for character in value):
        yield f"is not UTF-8: {value[:_SHOWN]!a}."


class _Checked:
    """A parameter's callback that first checks the given value."""

    def __init__(self, then: Callable[..., Any] | None) -> None:
        self._then = then

    def __call__(self, context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        for one in value if isinstance(value, tuple | list) else (value,):
            for fault in _faults(one, parameter):
                raise click.BadParameter(fault, context, parameter)
        return value if self._then is None else self._then(context, parameter, value)
