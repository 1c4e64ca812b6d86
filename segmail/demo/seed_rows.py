"""Turns the seed into rows: a table with its rows, and ids that are positions in the seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Table

Rows: TypeAlias = list[tuple[Table, list[dict[str, Any]]]]

T = TypeVar("T")


def id_in(seeds: Sequence[T], seed: T) -> int:
    """Return the id of a seed's row: the first is 1, as in the database."""
    return seeds.index(seed) + 1
