"""Lists of customers in a file: a list that `segment import` has filled stays as it is."""

from __future__ import annotations

from dataclasses import replace

from segmail.campaigns.entry import SegmentEntry
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves
from segmail.segments.stored.state import SegmentState

_LIST = "list"


def keep_lists(entry: SegmentEntry, before: SegmentState | None) -> SegmentEntry:
    """Return the entry with its lists replaced by the shop's own, in their order.

    A list of the file fills a segment that has none yet.
    """
    if entry.tree is None or before is None or before.tree is None:
        return entry
    there = [leaf for leaf in leaves(before.tree) if leaf.family == _LIST]
    if not there:
        return entry
    left = iter(there)

    def kept(node: ConditionNode) -> ConditionNode:
        if isinstance(node, Combine):
            return replace(node, children=tuple(kept(child) for child in node.children))
        own = next(left, None) if node.family == _LIST else None
        return node if own is None else replace(node, value=own.value)

    tree = kept(entry.tree)
    return replace(entry, tree=tree) if isinstance(tree, Combine) else entry


def is_list(leaf: Leaf) -> bool:
    """Return whether a condition is a list of customers."""
    return leaf.family == _LIST
