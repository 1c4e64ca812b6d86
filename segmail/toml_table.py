"""Tables of segmail.toml: frozen dataclasses whose fields are the keys, with their defaults.

A number must be above 0, unless its default is 0 or its field's metadata has 0 as `least`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from segmail.errors import Fault

T = TypeVar("T")

# The largest number for a key, by the unit that its name ends with: ten years, or more than any
# shop needs.
_MOST = {"seconds": 315_360_000, "minutes": 5_256_000, "days": 3_650, "attempts": 1_000,
         "connections": 64, "workers": 64}  # fmt: skip
_MOST_OF_OTHERS = 1_000_000_000


def read_table(
    table: str, kind: type[T], told: Mapping[str, Any], file: Path | None, faults: list[Fault]
) -> T:
    """Return a table of segmail.toml as a dataclass; a key must have the type of its default.

    Unknown and wrong values are added to `faults`, and the default is used.
    """
    known = {
        item.name: item
        for item in fields(kind)  # type: ignore[arg-type]
        if item.default is not MISSING
    }
    good: dict[str, Any] = {}
    for key, value in told.get(table, {}).items():
        if key not in known:
            names = ", ".join(sorted(known))
            faults.append(Fault(f"{file}: unknown key `{table}.{key}`; known are {names}."))
        elif wanted := _wanted(key, value, known[key].default, known[key].metadata.get("least", 1)):
            faults.append(Fault(f"{file}: `{table}.{key}` must be {wanted}."))
        else:
            good[key] = tuple(value) if isinstance(value, list) else value
    return kind(**good)


def _wanted(key: str, value: object, default: object, at_least: int) -> str | None:
    """Return what a value must be if it does not fit its default's type; None if it fits."""
    match default:
        case bool():
            return None if isinstance(value, bool) else "true or false"
        case int():
            least = min(default, at_least)  # 0 if it is the default, or has a meaning
            most = _MOST.get(key.rpartition("_")[2], _MOST_OF_OTHERS)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                return f"a whole number{' above 0' if least else ', 0 or more'}"
            return None if value <= most else f"a whole number of at most {most:,}"
        case str():
            return None if isinstance(value, str) and value else "a text in quotation marks"
    good = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return None if good else "a list of texts in quotation marks"
