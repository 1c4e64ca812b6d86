"""A segment's conditions as Maho stores them, without the keys that Maho writes and never reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Leaf:
    """One condition: an attribute of a family, compared with a value.

    `family` is the type without Maho's prefix, as in `customer_clv`. `path` is the position in the
    tree, counted from 1 in each combination: `1.2` is the second condition of the first
    combination.
    """

    family: str
    attribute: str
    operator: str
    value: str | tuple[str, ...] | None
    path: str

    def __str__(self) -> str:
        return f"condition {self.path} ({self.family}/{self.attribute})"


@dataclass(frozen=True)
class Combine:
    """A combination. `every` is the aggregator "all"; if `expects` is False, the whole is negated.

    In Maho's segments "If ALL of these are FALSE" is NOT (a AND b): at least one is not true. A
    combination without children says nothing, negated or not.
    """

    every: bool
    expects: bool
    children: tuple[ConditionNode, ...]
    path: str


ConditionNode: TypeAlias = Leaf | Combine


def leaves(node: ConditionNode) -> Iterator[Leaf]:
    """Yield the conditions of a tree in reading order."""
    if isinstance(node, Leaf):
        yield node
        return
    for child in node.children:
        yield from leaves(child)
