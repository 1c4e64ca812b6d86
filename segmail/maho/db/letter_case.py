"""Upper and lower case as every database server sees it, whatever its age and collation."""

from __future__ import annotations

# Latin, Greek and Cyrillic letters. MySQL and MariaDB may or may not ignore the case of others,
# depending on the collation's version of Unicode: those must be written as they are stored.
_RANGES = (range(0x41, 0x220), range(0x386, 0x3AC), range(0x400, 0x430))
_LOWER = {
    code: lower
    for codes in _RANGES
    for code in codes
    if len(lower := chr(code).lower()) == 1 and lower != chr(code)
}


def lower_case(text: str) -> str:
    """Return the text in lower case, letter by letter; `İ`, which becomes two, stays as it is."""
    return text.translate(_LOWER)


def sql_lower(value: object) -> str | None:
    """LOWER() for SQLite, whose own function knows the letters A to Z only."""
    return None if value is None else lower_case(str(value))
