"""Checks whether the shop can evaluate the conditions of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.markup import LONGEST
from segmail.errors import ConditionError
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import compile_leaf
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import KnownSegment, Scope, open_scope
from segmail.segments.conditions.tree import Leaf
from segmail.segments.conditions.unknown_to_maho import needs_segmail
from segmail.segments.conditions.write import conditions_as_json
from segmail.segments.language.labels import BY_TYPE
from segmail.segments.language.line import hint


def check_conditions(
    tx: Transaction,
    entries: Sequence[SegmentEntry],
    faults: FileFaults,
    *,
    new: Mapping[int, str],
    now: datetime,
) -> None:
    """Add every condition that means nothing in this shop to `faults`, with its line.

    `new` are the names of the segments about to be created, by their provisional ids.
    """
    scope = open_scope(tx, build_sales_tables(tx.tables.prefix), now=now)
    segments = {id: KnownSegment(name) for id, name in new.items()}
    # Files may come before what they need: a refresh tells what it cannot read.
    scope = replace(scope, segments={**scope.segments, **segments}, missing=frozenset())
    for entry in entries:
        check_leaves(entry, scope, faults)


def check_leaves(entry: SegmentEntry, scope: Scope, faults: FileFaults) -> None:
    """Add every condition of a segment that means nothing in this scope to `faults`."""
    for path, fault in _faults(entry, scope):
        faults.add(entry.lines[path], fault)


def _faults(entry: SegmentEntry, scope: Scope) -> Iterator[tuple[str, str]]:
    """Return a fault for each condition, including those beside unreadable ones."""
    if entry.tree is not None:
        stored = conditions_as_json(entry.tree)
        if len(stored) > LONGEST:
            what = f"The conditions are longer than {LONGEST:,} bytes when they are stored."
            yield "root", what
            return
        try:
            read_conditions(stored)
        except ConditionError as error:
            yield "root", str(error)
    for leaf in entry.leaves:
        if unknown := _unknown_of_customers(leaf, scope):
            yield leaf.path, unknown
            continue
        try:
            compile_leaf(leaf, scope)
        except ConditionError as error:
            yield leaf.path, str(error)


def _unknown_of_customers(leaf: Leaf, scope: Scope) -> str | None:
    """Return what is wrong with an attribute that the shop's customers do not have."""
    if not needs_segmail(leaf) or leaf.family != "customer_attributes":
        return None
    name, family = BY_TYPE[leaf.family]
    codes = scope.eav.by_entity.get("customer", {})
    label = family.label(leaf.attribute) or leaf.attribute
    is_known = scope.eav.find("customer", leaf.attribute) or leaf.attribute in family.codes.values()
    if is_known:
        return None
    return (
        f"'{name}' has no attribute '{label}' in this shop{hint(name, label, more=_labels(codes))}"
    )


def _labels(codes: Iterable[str]) -> list[str]:
    family = BY_TYPE["customer_attributes"][1]
    return [label for code in codes if (label := family.label(code))]
