"""Reads what Maho stores inside one column: JSON since 26, PHP's serialize() before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from segmail.maho import php_serialize

_LONGEST = 200  # characters of an option: a customer may have typed a whole page


def stored_value(text: str | None) -> Any:
    """Return the value; None if it cannot be read, as in Maho."""
    if not text:
        return None
    try:
        if text[:2] in ("a:", "s:", "i:", "b:", "d:", "N;"):
            return php_serialize.loads(text.encode(errors="surrogatepass"))
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def stored_mapping(text: str | None) -> dict[Any, Any]:
    """Return a mapping; an empty one if the value is not a mapping."""
    value = stored_value(text)
    return value if isinstance(value, dict) else {}


def elements(value: Any) -> Iterator[Any]:
    """Return the entries of a list, which PHP may have stored as a mapping."""
    return iter(value.values() if isinstance(value, dict) else value or ())


def one_line(value: object) -> str:
    """Return a customer's or merchant's text on one line, cut to a length that fits a mail."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value or "")).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def quantity(value: object) -> str:
    """Return a quantity without trailing zeros."""
    text = f"{value or 0}"
    return text.rstrip("0").rstrip(".") if "." in text else text
