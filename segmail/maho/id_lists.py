"""Ids that Maho keeps in one column, with commas: a segment's websites and customer groups."""

from __future__ import annotations


def ids_in(stored: str | None) -> tuple[int, ...]:
    """Return the ids in their order; the form's "Please select" leaves an empty one: no id."""
    return tuple(int(part) for part in (stored or "").split(",") if part.strip().isdecimal())
