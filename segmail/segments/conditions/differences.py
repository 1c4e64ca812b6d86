"""Tells where segmail's answer to a tree differs from Maho's on purpose."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from segmail.segments.conditions.difference_rules import LEAVES, NEGATED, OWN, UNUSABLE
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves
from segmail.segments.conditions.unknown_to_maho import needs_segmail


def differences(node: ConditionNode, *, unusable: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the differences from Maho's answer: the place in the tree, and a sentence.

    `unusable` are the places of conditions that could not be compiled; Maho uses them all the same,
    or leaves them out.
    """
    return list(_differences(node, unusable))


def _differences(node: ConditionNode, unusable: Collection[str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, Leaf):
        found = _of_leaf(node)
        if node.path in unusable and not found:
            found = [UNUSABLE.sentence]
        yield from ((node.path, sentence) for sentence in found)
        return
    yield from ((node.path, sentence) for sentence in _of_combine(node))
    for child in node.children:
        yield from _differences(child, unusable)


def _of_leaf(leaf: Leaf) -> list[str]:
    if needs_segmail(leaf):
        return [next(rule.sentence for rule in OWN if rule.concerns(leaf))]
    return [rule.sentence for rule in LEAVES if rule.concerns(leaf)]


def _of_combine(node: Combine) -> list[str]:
    if node.expects:
        return []
    below = list(leaves(node))
    return [rule.sentence for rule in NEGATED if any(rule.concerns(leaf) for leaf in below)]
