"""Indexes that a large shop lacks; they are suggested and never created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, inspect, text

from segmail.doctor.findings import Area, AreaFinding, ok
from segmail.doctor.lost_indexes import lost_indexes
from segmail.doctor.useful_indexes import USEFUL_INDEXES, UsefulIndex
from segmail.errors import ConditionError
from segmail.findings import Finding, Severity
from segmail.maho.schema.check import find_indexes
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.refresh import Candidate

LARGE = 100_000  # rows; below that, reading the whole table is fast enough

_ROWS = text(
    "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()"
)


def index_findings(
    connection: Connection, prefix: str, candidates: Iterable[Candidate], *, large: int = LARGE
) -> list[AreaFinding]:
    """Return the indexes that are missing on tables of more than `large` rows.

    Every shop needs those that Maho itself creates; others are needed by active segments. The
    number of rows is the server's own estimate. SQLite has none, and no large shops.
    """
    rows = {
        table: count
        for table, count in _estimated_rows(connection, prefix).items()
        if count > large
    }
    found = [
        *lost_indexes(connection, prefix, rows),
        *(
            _suggestion(index, segments, prefix, rows[index.table])
            for index, segments in _wanted(candidates)
            if index.table in rows and _lacks(connection, prefix, index)
        ),
    ]
    return found or [ok(Area.INDEXES, "No segment's conditions would benefit from another index.")]


def _wanted(candidates: Iterable[Candidate]) -> Iterator[tuple[UsefulIndex, list[int]]]:
    """Yield each index that would speed up conditions, and the ids of their segments."""
    used = {one.id: _leaves(one) for one in candidates if one.segment.is_active}
    for index in USEFUL_INDEXES:
        segments = sorted(id for id, found in used.items() if any(map(index.helps, found)))
        if segments:
            yield index, segments


def _leaves(candidate: Candidate) -> list[Leaf]:
    """Return a segment's conditions; unreadable ones are found by another check."""
    try:
        return list(leaves(read_conditions(candidate.conditions)))
    except ConditionError:
        return []


def _estimated_rows(connection: Connection, prefix: str) -> Mapping[str, int]:
    """Return the estimated rows of each table, by its name without the prefix."""
    if connection.dialect.name == "sqlite":
        return {}
    return {
        name.removeprefix(prefix): rows or 0
        for name, rows in connection.execute(_ROWS)
        if name.startswith(prefix)
    }


def _lacks(connection: Connection, prefix: str, wanted: UsefulIndex) -> bool:
    """Return whether no index begins with the wanted column and holds all its columns.

    With such an index the server answers without looking up each row.
    """
    indexes, _unique = find_indexes(inspect(connection), f"{prefix}{wanted.table}")
    return not any(
        columns[:1] == wanted.columns[:1] and set(wanted.columns) <= set(columns)
        for columns in indexes
    )


def _suggestion(index: UsefulIndex, segments: Sequence[int], prefix: str, rows: int) -> AreaFinding:
    table, columns = f"{prefix}{index.table}", index.columns
    asking = ("segment " if len(segments) == 1 else "segments ") + ", ".join(map(str, segments))
    what = (
        f"{table} has about {rows:,} rows and no index that tells {index.purpose}, which {asking} "
        f"would gain by: {index.gain}. It takes room on the disk, and makes each write to the "
        "table a little slower."
    )
    advice = f"CREATE INDEX segmail_{'_'.join(columns)} ON {table} ({', '.join(columns)});"
    return Finding(Severity.NOTE, Area.INDEXES, what, advice)
