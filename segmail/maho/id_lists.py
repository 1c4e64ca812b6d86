"""Comma-separated ids in one column: a segment's websites and customer groups."""

from __future__ import annotations


def ids_in(stored: str | None) -> tuple[int, ...]:
    """Return the ids in order; an empty entry, as of the form's "Please select", is left out."""
    return tuple(int(part) for part in (stored or "").split(",") if part.strip().isdecimal())
