"""What a template may see of a customer, a store or a subscriber."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from segmail.errors import TemplateError
from segmail.templates.paths import Argument

_NO_METHODS: Mapping[str, Callable[..., object]] = {}
_SECRET = re.compile(
    r"password|passwd|passkey|secret|_hash$|^hash$|^confirmation$|^rp_"
    r"|(^|_)(token|otp|private_key|api_key)(_|$)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_secret(key: str) -> bool:
    """Return whether a data key may never be shown: password hashes, tokens, account keys."""
    return any(_SECRET.search(part) for part in key.split("/"))


class DataObject:
    """A Maho data object: data keys, and the methods that are named.

    A template reads `a.foo_bar` and `a.getFooBar()`: the method `getFooBar` if there is one, else
    the data key `foo_bar`. Keys that hold secrets are never found, and nothing of Python can be
    reached, because values are only ever looked up in these two mappings. `name` is what messages
    call the object. Methods get their arguments as strings and floats.
    """

    __slots__ = ("_data", "_methods", "_name")

    def __init__(
        self,
        data: Mapping[str, object],
        methods: Mapping[str, Callable[..., object]] = _NO_METHODS,
        name: str = "",
    ) -> None:
        self._data = data
        self._methods = {key.lower(): method for key, method in methods.items()}
        self._name = name

    def __str__(self) -> str:
        return self._name or "unnamed"

    def member(self, method: str, key: str | None, arguments: tuple[Argument, ...]) -> object:
        """Return what one `segmail.templates.paths.Step` leads to, None if it leads nowhere."""
        found = self._methods.get(method)
        if found is not None:
            return self._called(found, method, arguments)
        if key is None:
            return None
        return self._read(key, arguments)

    def _called(
        self, method: Callable[..., object], name: str, arguments: tuple[Argument, ...]
    ) -> object:
        try:
            return method(*arguments)
        except TypeError:
            accepted = _accepted(method, arguments)
            if accepted == arguments:
                raise
        if accepted is None:
            raise TemplateError(f"The method {name}() of the object {self} needs an argument.")
        return method(*accepted)

    def _read(self, key: str, arguments: tuple[Argument, ...]) -> object:
        """Read a data key, or a path of them separated by slashes; '' is the whole object."""
        if not key:
            return self
        if is_secret(key):
            return None
        value = self._data.get(key)
        if value is None and "/" in key:
            value = self._at_path(key)
        return _element(value, arguments[0]) if arguments else value

    def _at_path(self, path: str) -> object:
        value: object = self
        for key in path.split("/"):
            if isinstance(value, DataObject):
                value = value._data.get(key)
            elif isinstance(value, Mapping):
                value = value.get(key)
            else:
                return None
        return value


def _accepted(
    method: Callable[..., object], arguments: tuple[Argument, ...]
) -> tuple[Argument, ...] | None:
    """Return the arguments that a method takes, without surplus ones, which PHP ignores, too."""
    signature = inspect.signature(method)
    for count in range(len(arguments), -1, -1):
        try:
            signature.bind(*arguments[:count])
        except TypeError:
            continue
        return arguments[:count]
    return None


def _element(value: object, index: Argument) -> object:
    """Return the part of a value that an argument asks for: a text's line, a list's entry."""
    if isinstance(value, DataObject):
        return value.member("", f"{index:g}" if isinstance(index, float) else index, ())
    if isinstance(value, Mapping):
        return None if is_secret(str(index)) else value.get(index)
    lines = value.split("\n") if isinstance(value, str) else value
    if isinstance(lines, list | tuple) and isinstance(index, float):
        return lines[int(index)] if index < len(lines) else None
    return None
