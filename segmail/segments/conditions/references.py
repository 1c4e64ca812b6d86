"""The other segments that conditions name, by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves

MEMBERS, SEQUENCES = "segment", "sequence"  # families


@dataclass(frozen=True)
class SegmentsNamed:
    """The segments that conditions name: for their members, and for their sequences."""

    members: frozenset[int] = frozenset()
    sequences: frozenset[int] = frozenset()


def segments_named(tree: ConditionNode) -> SegmentsNamed:
    """Return the segments that a tree names; values that are not ids are left out."""
    members, sequences = set[int](), set[int]()
    for leaf in leaves(tree):
        if leaf.family in (MEMBERS, SEQUENCES):
            ids = {int(value) for value in _mentions(leaf) if value.removeprefix("-").isdecimal()}
            (members if leaf.family == MEMBERS else sequences).update(ids)
    return SegmentsNamed(frozenset(members), frozenset(sequences))


def renumbered(tree: Combine, ids: Mapping[int, int]) -> Combine:
    """Return the tree with each id that is a key of `ids` replaced by its value."""

    def node(one: ConditionNode) -> ConditionNode:
        if isinstance(one, Combine):
            return replace(one, children=tuple(node(child) for child in one.children))
        if one.family not in (MEMBERS, SEQUENCES) or not isinstance(one.value, str):
            return one
        first, colon, rest = one.value.partition(":")
        known = {str(old): str(new) for old, new in ids.items()}
        values = ",".join(known.get(value.strip(), value) for value in first.split(","))
        return replace(one, value=f"{values}{colon}{rest}")

    whole = node(tree)
    return whole if isinstance(whole, Combine) else tree


def _mentions(leaf: Leaf) -> list[str]:
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value or "").split(",")
    return [value.rpartition(":")[0] or value for value in map(str.strip, values)]
