"""Tables of segmail.toml: frozen dataclasses whose fields are the keys, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from segmail.errors import Fault

T = TypeVar("T")


def read_table(
    table: str, kind: type[T], told: Mapping[str, Any], file: Path | None, faults: list[Fault]
) -> T:
    """Return a table of what segmail.toml told; a key must have the type of its default.

    What is unknown or wrong is added to `faults`, and its default taken.
    """
    known = {
        item.name: item.default
        for item in fields(kind)  # type: ignore[arg-type]
        if item.default is not MISSING
    }
    good: dict[str, Any] = {}
    for key, value in told.get(table, {}).items():
        if key not in known:
            names = ", ".join(sorted(known))
            faults.append(Fault(f"{file}: unknown key `{table}.{key}`; known are {names}."))
        elif wanted := _wanted(value, known[key]):
            faults.append(Fault(f"{file}: `{table}.{key}` must be {wanted}."))
        else:
            good[key] = tuple(value) if isinstance(value, list) else value
    return kind(**good)


def _wanted(value: object, default: object) -> str | None:
    """Return what a value must be that is not of its default's type; None where it is right."""
    match default:
        case bool():
            return None if isinstance(value, bool) else "true or false"
        case int():
            least = min(default, 1)  # 0 where that is the default
            good = isinstance(value, int) and not isinstance(value, bool) and value >= least
            return None if good else f"a whole number{' above 0' if least else ', 0 or more'}"
        case str():
            return None if isinstance(value, str) and value else "a text in quotation marks"
    good = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return None if good else "a list of texts in quotation marks"
