"""Indexes that would make a refresh faster; they are suggested and never created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from segmail.doctor.findings import Area, Finding, Severity, ok
from segmail.doctor.useful_indexes import KINDS, Index
from segmail.errors import ConditionError
from segmail.maho.schema import find_indexes
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.refresh import Candidate

LARGE = 100_000  # rows; below, reading the whole table takes no time worth an index

_ROWS = text(
    "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()"
)


def index_findings(
    connection: Connection, prefix: str, candidates: Iterable[Candidate], *, large: int = LARGE
) -> list[Finding]:
    """Return the indexes that active segments lack on tables of more than `large` rows.

    The server's own estimate of the rows counts. SQLite has none, and no large shops.
    """
    rows = _estimated_rows(connection, prefix)
    lacking = [
        wish
        for wish in _wishes(candidates)
        if rows.get(wish.index.table, 0) > large and _lacks(connection, prefix, wish.index)
    ]
    found = [_suggestion(wish, prefix, rows[wish.index.table]) for wish in _joined(lacking)]
    return found or [ok(Area.INDEXES, "No segment's conditions would gain by another index.")]


@dataclass(frozen=True)
class _Wish:
    """An index that conditions of these segments would gain by."""

    index: Index
    purpose: str
    gain: str
    segments: frozenset[int]

    def with_(self, other: _Wish) -> _Wish:
        """Return an index that serves both, which was measured to be as good for each."""
        columns = dict.fromkeys((*self.index.columns, *other.index.columns))
        return _Wish(
            Index(self.index.table, tuple(columns)),
            f"{self.purpose} and {other.purpose}",
            self.gain,
            self.segments | other.segments,
        )


def _wishes(candidates: Iterable[Candidate]) -> Iterator[_Wish]:
    used = {one.id: _leaves(one) for one in candidates if one.segment.is_active}
    for kind in KINDS:
        segments = frozenset(id for id, found in used.items() if any(map(kind.helps, found)))
        if segments:
            yield _Wish(kind.index, kind.purpose, kind.gain, segments)


def _joined(wishes: Iterable[_Wish]) -> Iterable[_Wish]:
    """Let one index of a table serve every wish for that table."""
    by_table: dict[str, _Wish] = {}
    for wish in wishes:
        there = by_table.get(wish.index.table)
        by_table[wish.index.table] = there.with_(wish) if there else wish
    return by_table.values()


def _leaves(candidate: Candidate) -> list[Leaf]:
    """Return a segment's conditions; those of unreadable ones are found by another check."""
    try:
        return list(leaves(read_conditions(candidate.conditions)))
    except ConditionError:
        return []


def _estimated_rows(connection: Connection, prefix: str) -> Mapping[str, int]:
    """Return the rows of each table, by its name without the prefix."""
    if connection.dialect.name == "sqlite":
        return {}
    return {
        name.removeprefix(prefix): rows or 0
        for name, rows in connection.execute(_ROWS)
        if name.startswith(prefix)
    }


def _lacks(connection: Connection, prefix: str, wanted: Index) -> bool:
    """Return whether no index begins as wanted and holds all its columns.

    The server then answers from the index alone, and need not look up each row.
    """
    indexes, _unique = find_indexes(inspect(connection), f"{prefix}{wanted.table}")
    return not any(
        columns[:1] == wanted.columns[:1] and set(wanted.columns) <= set(columns)
        for columns in indexes
    )


def _suggestion(wish: _Wish, prefix: str, rows: int) -> Finding:
    table, columns = f"{prefix}{wish.index.table}", wish.index.columns
    ids = sorted(wish.segments)
    asking = ("segment " if len(ids) == 1 else "segments ") + ", ".join(map(str, ids))
    what = (
        f"{table} has about {rows:,} rows and no index that tells {wish.purpose}, which {asking} "
        f"would gain by: such a SELECT was {wish.gain} with one. It takes room on the disk, and "
        "makes each write to the table a little slower."
    )
    advice = f"CREATE INDEX segmail_{'_'.join(columns)} ON {table} ({', '.join(columns)});"
    return Finding(Severity.NOTE, Area.INDEXES, what, advice)
