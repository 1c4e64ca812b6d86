"""Indexes that would make a refresh faster; they are suggested and never created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, inspect, literal, select

from segmail.doctor.findings import Area, Finding, Severity, ok
from segmail.errors import ConditionError
from segmail.maho.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema import find_indexes
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.refresh import Candidate

LARGE = 100_000  # rows; below, reading the whole table takes no time worth an index

_LOGINS = ("days_since_last_login", "days_inactive")


def index_findings(
    connection: Connection, prefix: str, candidates: Iterable[Candidate], *, large: int = LARGE
) -> list[Finding]:
    """Return the indexes that the used conditions lack on tables of more than `large` rows."""
    used = [leaf for candidate in candidates for leaf in _leaves(candidate)]
    found = [
        _suggestion(one)
        for one in _useful(build_sales_tables(prefix), used)
        if _lacks(connection, one) and _is_large(connection, one.table, large)
    ]
    return found or [ok(Area.INDEXES, "No segment's conditions would gain by another index.")]


@dataclass(frozen=True)
class _Index:
    table: Table
    columns: Sequence[str]


def _useful(sales: SalesTables, used: Sequence[Leaf]) -> Iterator[_Index]:
    families = {leaf.family for leaf in used}
    if families & {"cart_attributes", "cart_items"}:
        yield _Index(sales.quote, ("customer_id", "is_active", "updated_at"))
    if "product_viewed" in families:
        yield _Index(sales.viewed, ("customer_id",))
    if any(leaf.family == "customer_timebased" and leaf.attribute in _LOGINS for leaf in used):
        yield _Index(sales.login, ("customer_id",))


def _leaves(candidate: Candidate) -> list[Leaf]:
    """Return a segment's conditions; those of unreadable ones are found by another check."""
    try:
        return list(leaves(read_conditions(candidate.conditions)))
    except ConditionError:
        return []


def _lacks(connection: Connection, wanted: _Index) -> bool:
    inspector = inspect(connection)
    if not inspector.has_table(wanted.table.name):
        return False
    indexes, _unique = find_indexes(inspector, wanted.table.name)
    return not any(columns[:1] == (wanted.columns[0],) for columns in indexes)


def _is_large(connection: Connection, table: Table, large: int) -> bool:
    some = select(literal(1)).select_from(table).limit(large + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) > large


def _suggestion(wanted: _Index) -> Finding:
    name, columns = wanted.table.name, ", ".join(wanted.columns)
    what = f"{name} is large and has no index on {wanted.columns[0]}, by which segments read it."
    return Finding(Severity.NOTE, Area.INDEXES, what, f"ALTER TABLE {name} ADD INDEX ({columns});")
