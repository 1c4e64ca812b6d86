"""Brings conditions that mean the same into one form, so that trees can be compared and written."""

from __future__ import annotations

from dataclasses import replace

from segmail.errors import ConditionError
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf

_OF_MANY = {"==": "()", "!=": "!()"}


def canonical_tree(tree: Combine) -> Combine:
    """Return the tree with every condition in its canonical form; see `canonical_leaf`."""
    return replace(tree, children=tuple(_canonical(child) for child in tree.children))


def canonical_leaf(leaf: Leaf) -> Leaf:
    """Return the leaf with a plain text as its value wherever that means the same.

    Equality with several values becomes `()`. The values of `()` and `!()` are trimmed and joined
    by commas; they stay a tuple only if one of them contains a comma. Raises ConditionError for an
    unknown operator, and for several values if the operator takes one.
    """
    operator, values = normal_operator(leaf), split_values(leaf)
    if len(values) > 1:
        operator = _OF_MANY.get(operator, operator)
    if operator in ("()", "!()"):
        return replace(leaf, operator=operator, value=listed(values))
    if len(values) > 1:
        raise ConditionError(f"The operator '{leaf.operator}' of {leaf} takes only one value.")
    return replace(leaf, operator=operator, value=values[0])


def listed(values: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return the value of `()` as Maho's form stores it: joined by commas, unless one contains a
    comma.
    """
    return values if any("," in value for value in values) else ",".join(values)


def _canonical(node: ConditionNode) -> ConditionNode:
    return canonical_leaf(node) if isinstance(node, Leaf) else canonical_tree(node)
