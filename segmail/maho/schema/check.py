"""Reads a shop's tables and compares them with those that segmail needs."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, DateTime, Inspector, Table, UniqueConstraint, inspect

from segmail.errors import Fault
from segmail.maho.db.database import Database
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.notes import (
    charset_notes,
    engine_faults,
    prefix_notes,
    server,
    server_faults,
    view_faults,
)
from segmail.maho.schema.rights import unreadable_tables
from segmail.maho.schema.tables import Layout, build_tables

# Without all columns of this index, a claim of a few rows locks every due row, so its first column
# alone is not enough. For the other indexes it is: they narrow down rows, and more columns narrow
# more.
_NEEDED_IN_FULL = {("scheduled_at", "status")}


class MissingKind(enum.StrEnum):
    """The kinds of things that can be missing."""

    TABLE = "table"
    COLUMN = "column"
    INDEX = "index"


@dataclass(frozen=True)
class Missing:
    """A table, or a column or index of one, that segmail needs and the shop lacks.

    `name` is the column, or the index's columns with commas; empty for a table.
    """

    kind: MissingKind
    table: str
    name: str = ""

    def __str__(self) -> str:
        if self.kind is MissingKind.TABLE:
            return f"table {self.table}"
        if self.kind is MissingKind.COLUMN:
            return f"column {self.table}.{self.name}"
        return f"index on {self.table} ({self.name})"


@dataclass(frozen=True)
class SchemaReport:
    """The state of a shop's database, and what it lacks."""

    engine: str
    version: str
    layout: Layout | None  # None if there are no automation tables yet
    table_prefix: str
    time_types: dict[str, str]  # per table, the types of its times: TIMESTAMP up to Maho 26.3
    missing: tuple[Missing, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]  # that do not stop anything from working

    @property
    def complete(self) -> bool:
        """Whether segmail can work with it."""
        return not self.missing and not self.faults


def check_schema(database: Database, prefix: str) -> SchemaReport:
    """Return what the shop with this table prefix has and lacks.

    A shop without automation tables is compared with SPEC's layout, which `segmail schema apply`
    creates. Raises DatabaseUnavailable or ConfigError.
    """
    with database.read() as connection:
        layout = find_layout(connection, prefix)
        tables = build_tables(prefix, layout or Layout.SPEC)
        unreadable = unreadable_tables(connection, tables)
        inspector = inspect(connection)
        views = set(inspector.get_view_names())

        def chosen(*among: Table) -> list[Table]:
            return [one for one in among if one.name not in views | unreadable.keys()]

        locked = (tables.progress, tables.queue, tables.coupon, tables.subscriber)
        readable = chosen(*tables.metadata.sorted_tables)
        missing = tuple(_missing(inspector, readable))
        engine, version = server(connection)
        return SchemaReport(
            engine=engine,
            version=version,
            layout=layout,
            table_prefix=prefix,
            time_types=dict(_time_types(connection, inspector, readable)),
            missing=missing,
            faults=(
                *unreadable.values(),
                *server_faults(connection),
                *view_faults(views, locked),
                *engine_faults(inspector, chosen(*locked)),
            ),
            notes=(
                *(prefix_notes(inspector, prefix, tables) if chosen(tables.config) else ()),
                *charset_notes(inspector, chosen(tables.queue, tables.problem)),
            ),
        )


def find_indexes(inspector: Inspector, table: str) -> tuple[list[tuple[str, ...]], list[set[str]]]:
    """Return the columns of every index of a table, and of the unique ones."""
    key = tuple(inspector.get_pk_constraint(table)["constrained_columns"])
    constraints = [tuple(c["column_names"]) for c in inspector.get_unique_constraints(table)]
    every, unique = [key, *constraints], [set(key), *map(set, constraints)]
    for index in inspector.get_indexes(table):
        columns = tuple(name or "" for name in index["column_names"])
        every.append(columns)
        if index["unique"]:
            unique.append(set(columns))
    return every, unique


def _missing(inspector: Inspector, tables: Sequence[Table]) -> Iterator[Missing]:
    for table in tables:
        if not inspector.has_table(table.name):
            yield Missing(MissingKind.TABLE, table.name)
            continue
        there = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                yield Missing(MissingKind.COLUMN, table.name, column.name)
        for columns in _missing_indexes(inspector, table):
            yield Missing(MissingKind.INDEX, table.name, ", ".join(columns))


def _missing_indexes(inspector: Inspector, table: Table) -> Iterator[tuple[str, ...]]:
    indexes, unique = find_indexes(inspector, table.name)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            columns = tuple(constraint.columns.keys())
            if set(columns) not in unique:
                yield columns
    for index in sorted(table.indexes, key=lambda index: index.columns.keys()):
        columns = tuple(index.columns.keys())
        needed = columns if columns in _NEEDED_IN_FULL else columns[:1]
        if not any(found[: len(needed)] == needed for found in indexes):
            yield columns


def _time_types(
    connection: Connection, inspector: Inspector, tables: Sequence[Table]
) -> Iterator[tuple[str, str]]:
    """Yield each table that holds times, with the types of those columns."""
    for table in tables:
        if not inspector.has_table(table.name):
            continue
        types = {
            column["type"].compile(connection.dialect)
            for column in inspector.get_columns(table.name)
            if isinstance(column["type"], DateTime)
        }
        if types:
            yield table.name, " and ".join(sorted(types))
