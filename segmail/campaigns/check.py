"""Finds out whether the shop can evaluate the conditions of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.markup import LONGEST
from segmail.errors import ConditionError
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.segments.conditions.compile import compile_leaf
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import Scope, open_scope
from segmail.segments.conditions.tree import Combine, leaves
from segmail.segments.conditions.write import conditions_as_json


def check_conditions(
    connection: Connection,
    tables: Tables,
    entries: Sequence[SegmentEntry],
    faults: FileFaults,
    *,
    now: datetime,
) -> None:
    """Add every condition that means nothing in this shop to `faults`, with its line."""
    scope = open_scope(connection, tables, build_sales_tables(tables.prefix), now=now)
    for entry in entries:
        for path, fault in () if entry.tree is None else _faults(entry.tree, scope):
            faults.add(entry.lines[path], fault)


def _faults(tree: Combine, scope: Scope) -> Iterator[tuple[str, str]]:
    stored = conditions_as_json(tree)
    if len(stored) > LONGEST:
        yield "root", f"The conditions are longer than {LONGEST:,} bytes when they are stored."
        return
    try:
        read_conditions(stored)
    except ConditionError as error:
        yield "root", str(error)
    for leaf in leaves(tree):
        try:
            compile_leaf(leaf, scope)
        except ConditionError as error:
            yield leaf.path, str(error)
