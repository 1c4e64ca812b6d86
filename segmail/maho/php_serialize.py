"""Reads and writes PHP's serialize() format, without objects and references.

Maho before 26 stores conditions and currency symbols in it. The reader is strict: lengths are
counted in bytes and must be exact, nothing may follow, depth and size are limited. The result is
plain data; nothing in it can run.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn, TypeAlias

Value: TypeAlias = "bool | int | float | str | dict[int | str, Value] | None"

_MAX_BYTES = 4_000_000  # Maho's column holds 16 MB; segmail's limit is 2 MB
_MAX_DEPTH = 200
_SCALAR = re.compile(rb"N;|b:([01]);|i:([+-]?[0-9]{1,19});|d:([-+0-9.eE]{1,40}|-?INF|NAN);")
_STRING = re.compile(rb's:([0-9]{1,8}):"')
_ARRAY = re.compile(rb"a:([0-9]{1,8}):\{")


class PhpSerializeError(ValueError):
    """The data is not in the format; the message says at which byte it goes wrong."""


def loads(data: bytes) -> Value:
    """Return the value that was serialized; arrays become dicts in the same order.

    Raises PhpSerializeError.
    """
    if len(data) > _MAX_BYTES:
        raise PhpSerializeError(f"there are more than {_MAX_BYTES:,} bytes")
    reader = _PhpReader(data)
    value = reader.value(0)
    reader.end()
    return value


def dumps(value: Any) -> str:
    """Return None, booleans, integers, texts, lists and dicts as PHP's `serialize` writes them.

    Lengths of texts are in UTF-8 bytes.
    """
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{value:d};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = list(enumerate(value) if isinstance(value, list) else value.items())
    inner = "".join(dumps(key) + dumps(item) for key, item in pairs)
    return f"a:{len(pairs)}:{{{inner}}}"


class _PhpReader:
    """A position in the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def value(self, depth: int) -> Value:
        if depth > _MAX_DEPTH:
            self._fail(f"is nested more than {_MAX_DEPTH} deep")
        if (found := self._take(_SCALAR)) is not None:
            return self._scalar(found)
        if (found := self._take(_STRING)) is not None:
            return self._text(int(found[1]))
        if (found := self._take(_ARRAY)) is None:
            self._fail("is not null, a boolean, a number, a text or an array")
        return self._array(int(found[1]), depth)

    def end(self) -> None:
        if self._at != len(self._data):
            self._fail("follows the end")

    def _take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        found = pattern.match(self._data, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _scalar(self, found: re.Match[bytes]) -> bool | int | float | None:
        boolean, integer, real = found.groups()
        if boolean is not None:
            return bool(boolean == b"1")
        if integer is not None:
            return int(integer)
        return None if real is None else self._real(real)

    def _real(self, real: bytes) -> float:
        try:
            return float(real)
        except ValueError:
            self._fail("comes after an invalid number")

    def _text(self, length: int) -> str:
        end = self._at + length
        text, self._at = self._data[self._at : end], end
        if self._data[end : end + 2] != b'";':
            self._fail("is where a text should end")
        self._at += 2
        try:
            return text.decode()
        except UnicodeDecodeError:
            self._fail("comes after a text that is not UTF-8")

    def _array(self, count: int, depth: int) -> dict[int | str, Value]:
        array: dict[int | str, Value] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str):
                self._fail("comes after an array key that is neither integer nor text")
            array[key] = self.value(depth + 1)
        if self._data[self._at : self._at + 1] != b"}":
            self._fail("is where an array should end")
        self._at += 1
        return array

    def _fail(self, what: str) -> NoReturn:
        raise PhpSerializeError(f"byte {self._at} {what}")
