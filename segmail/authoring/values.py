"""Variables from a JSON file, in the form in which a template sees Maho's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from segmail.errors import InputError
from segmail.templates import DataObject

MAX_BYTES = 20_000_000

_EXAMPLE = '{"customer": {"firstname": "Ada"}, "coupon_code": "SAVE10"}'


def read_values(data: bytes, name: str) -> dict[str, object]:
    """Return the variables in a JSON file called `name`; its objects are data objects.

    A template reads `a.b`, `a.getB()` and `a.getData('b')` of them. Raises InputError with line and
    column if it is not JSON, or not an object.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: is longer than {MAX_BYTES:,} bytes.")
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{name}: must be an object of variables, such as {_EXAMPLE}.")
    return {key: _value(value, key) for key, value in found.items()}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _value(value: object, path: str) -> object:
    if isinstance(value, Mapping):
        data = {key: _value(part, f"{path}.{key}") for key, part in value.items()}
        return DataObject(data, name=path)
    if isinstance(value, list):
        return [_value(part, path) for part in value]
    return value
