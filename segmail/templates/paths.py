"""Parses what is inside a directive: paths, `customer.getStore().name`, and `name="value"`.

Both are read as leniently as in Maho: there is no syntax error, and a character that makes no sense
belongs to a name that then leads nowhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TypeAlias

from segmail.errors import TemplateError

MAX_STEPS = 100
MAX_ARGUMENTS = 100
MAX_PARAMETERS = 200

_WHITESPACE = " \t\n\r\0\x0b"
_NUMBER = re.compile(r"[0-9][0-9.]*")
_NUMBER_START = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CAPITAL = re.compile(r"[A-Z]")

Argument: TypeAlias = str | float


class PathStep(NamedTuple):
    """One step from an object: the method that answers it, else the data key.

    The method's name is in lower case, because PHP's ignore case; it is empty if there is none.
    """

    method: str
    key: str | None
    arguments: tuple[Argument, ...] = ()


class Path(NamedTuple):
    """A variable and the steps from it."""

    name: str
    steps: tuple[PathStep, ...] = ()

    @property
    def member(self) -> str:
        """The data key or method, in lower case, that is read from the variable; '' for itself."""
        if not self.steps:
            return ""
        step = self.steps[0]
        return (step.method if step.key is None else step.key.split("/")[0]).lower()


class Parameter(NamedTuple):
    """A directive's parameter: a literal, or the path after a `$`, or neither: null."""

    name: str
    literal: str | None = None
    path: Path | None = None


_NOWHERE = PathStep("", None)


def parse_path(text: str) -> Path | None:
    """Return the path that `text` names, None if it names nothing.

    Raises TemplateError if it has unreasonably many steps.
    """
    words = list(islice(_words(text), MAX_STEPS + 1))
    if not words:
        return None
    if len(words) > MAX_STEPS:
        raise TemplateError(f"A variable's path has more than {MAX_STEPS} steps.")
    (name, called), *rest = words
    steps = []
    named = called is None
    for word, arguments in rest:
        if arguments is not None:
            steps.append(_call(word, arguments))
        else:
            steps.append(_property(word) if named else _NOWHERE)
            named = True
    return Path(name, tuple(steps))


def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """Return the parameters in the rest of a directive; the last one of a name counts.

    The first character only separates the directive's name from them. Spaces inside a name do not
    count; there are none around the equals sign.

    Raises TemplateError if there are unreasonably many.
    """
    found: dict[str, Parameter] = {}
    name, at = "", 1
    while at < len(text):
        if text[at] == "=":
            value, at = _value(text, at + 1)
            found[name] = _parameter(name, value)
            name = ""
            if len(found) > MAX_PARAMETERS:
                raise TemplateError(f"A directive has more than {MAX_PARAMETERS} parameters.")
            continue
        if text[at] not in _WHITESPACE:
            name += text[at]
        at += 1
    return tuple(found.values())


def _parameter(name: str, value: str) -> Parameter:
    if value.startswith("$"):
        return Parameter(name, path=parse_path(value[1:]))
    return Parameter(name, literal=value)


def _property(name: str) -> PathStep:
    method = "get" + name.replace("_", "").lower()
    return PathStep(method, "" if method == "getdata" else name)


def _call(name: str, arguments: tuple[Argument, ...]) -> PathStep:
    method = name.lower()
    if method == "getdata":
        key = arguments[0] if arguments else ""
        return PathStep("", key if isinstance(key, str) else f"{key:g}", arguments[1:2])
    return PathStep(method, _underscored(name[3:]) if name.startswith("get") else None, arguments)


def _underscored(name: str) -> str:
    """Return the data key of a getter: `FirstName` reads `first_name`."""
    return _CAPITAL.sub(r"_\g<0>", name[:1].lower() + name[1:]).lower()


def _words(text: str) -> Iterator[tuple[str, tuple[Argument, ...] | None]]:
    """Yield the names between the dots, each with its arguments if it is called."""
    name, at = "", 0
    while at < len(text):
        if text[at] == "(":
            arguments, at = _arguments(text, at + 1)
            yield name, arguments
            name = ""
        elif text[at] == ".":
            if name:
                yield name, None
            name = ""
        elif text[at] not in _WHITESPACE:
            name += text[at]
        at += 1
    if name:
        yield name, None


def _arguments(text: str, at: int) -> tuple[tuple[Argument, ...], int]:
    """Read from after `(`; return the arguments and the position of their `)`."""
    arguments: list[Argument] = []
    while at < len(text) and text[at] != ")":
        if len(arguments) > MAX_ARGUMENTS:
            raise TemplateError(f"A method has more than {MAX_ARGUMENTS} arguments.")
        if text[at] in _WHITESPACE or text[at] == ",":
            at += 1
        elif number := _NUMBER.match(text, at):
            arguments.append(_number(number[0]))
            at = number.end()
        else:
            argument, at = _quoted_or_bare(text, at, ends=_WHITESPACE + ",)")
            arguments.append(argument)
    return tuple(arguments), at


def _number(digits: str) -> float:
    start = _NUMBER_START.match(digits)
    return min(float(start[0]), sys.float_info.max) if start else 0.0


def _value(text: str, at: int) -> tuple[str, int]:
    """Read a parameter's value from after its `=`; return it and where to continue."""
    if at >= len(text):
        return "=", at  # Maho takes the sign itself as the value
    if text[at] in _WHITESPACE:
        return "", at
    return _quoted_or_bare(text, at, ends=_WHITESPACE)


def _quoted_or_bare(text: str, at: int, *, ends: str) -> tuple[str, int]:
    quote = text[at] if text[at] in "'\"" else ""
    value = [] if quote else [text[at]]
    at += 1
    while at < len(text):
        char = text[at]
        if char == quote:
            return "".join(value), at + 1
        if not quote and char in ends:
            break
        if char == "\\":
            at += 1
            char = text[at] if at < len(text) else "\\"
        value.append(char)
        at += 1
    return "".join(value), at
