"""Replaces the names in a file's conditions by ids, and finds circles among segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from segmail.campaigns.entry import CampaignFile, FileFaults, SegmentEntry
from segmail.errors import ConditionError
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.predicate import split_values
from segmail.segments.conditions.references import segments_named
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.dependencies import circle_in_words, circle_of
from segmail.segments.naming.mentioned import Mentioned, reference_of
from segmail.segments.naming.shop_names import load_products, plain
from segmail.segments.naming.translate import Naming, leaf_with_ids
from segmail.segments.refresh.candidates import load_candidates


def with_ids(entry: SegmentEntry, naming: Naming, faults: FileFaults) -> SegmentEntry:
    """Return the entry with conditions as they are stored; unknown names are faults."""
    found: dict[str, Leaf] = {}
    for leaf in entry.leaves:
        try:
            found[leaf.path] = leaf_with_ids(leaf, naming)
        except ConditionError as error:
            faults.add(entry.lines[leaf.path], str(error))

    def node(one: ConditionNode) -> ConditionNode:
        if isinstance(one, Leaf):
            return found.get(one.path, one)
        return replace(one, children=tuple(node(child) for child in one.children))

    tree = None if entry.tree is None else node(entry.tree)
    whole = tree if isinstance(tree, Combine) else None
    return replace(entry, tree=whole, leaves=tuple(found.values()))


def names_of_segments(entry: SegmentEntry) -> set[str]:
    """Return the names of the segments that a file's conditions name, in the form for comparing."""
    found = set()
    for leaf in entry.leaves:
        reference = reference_of(leaf)
        if reference is not None and reference.of is Mentioned.SEGMENT:
            values = split_values(leaf)
            found |= {plain(v.rpartition(":")[0] if reference.is_pair else v) for v in values}
    return found


def leaves_of(files: Iterable[CampaignFile]) -> Iterator[Leaf]:
    """Yield the conditions of files."""
    for file in files:
        for segment in file.segments:
            yield from segment.leaves


def products_named(tx: Transaction, conditions: Iterable[Leaf]) -> set[int]:
    """Return the products that conditions mention, by name in files, by id in the shop."""
    found: set[int] = set()
    for leaf in conditions:
        reference = reference_of(leaf)
        if reference is None or reference.of is not Mentioned.PRODUCT:
            continue
        with suppress(ConditionError):  # of an operator that does not exist; told elsewhere
            for value in split_values(leaf):
                name = value.rpartition(":")[0] if reference.is_pair else value
                for by_name in (False, True):
                    found |= set(map(int, load_products(tx, name, by_name=by_name).by_id))
    return found


def check_circles(
    tx: Transaction,
    entries: Sequence[SegmentEntry],
    ids: Mapping[str, int],
    faults: FileFaults,
) -> None:
    """Add each circle that the entries' conditions would make in the shop to `faults`.

    `ids` are those of the entries by name, including segments still to be created.
    """
    said = {ids[one.name.casefold()]: one for one in entries if one.tree is not None}
    named = {id: _members(one.tree) for id, one in said.items()}
    if not any(named.values()):
        return
    stored = load_candidates(tx, None)
    members = {one.id: _members(one.tree) for one in stored}
    names = {one.id: one.segment.name for one in stored}
    names |= {id: one.name for id, one in said.items()}
    tell_circles(said, {**members, **named}, names, faults)


def tell_circles(
    entries: Mapping[int, SegmentEntry],
    members: Mapping[int, Collection[int]],
    names: Mapping[int, str],
    faults: FileFaults,
) -> None:
    """Add to `faults` each circle that goes through one of the entries, given by id.

    `members` are the segments whose members each segment asks for, `names` are the segments' names.
    """
    for id, entry in entries.items():
        if circle := circle_of(id, members):
            line = entry.lines.get("conditions", entry.lines[""])
            faults.add(line, circle_in_words([names[one] for one in circle]))


def members_of(entry: SegmentEntry) -> Collection[int]:
    """Return the ids of the segments whose members the entry's conditions ask for."""
    return _members(entry.tree)


def _members(tree: Combine | None) -> frozenset[int]:
    return frozenset() if tree is None else segments_named(tree).members
