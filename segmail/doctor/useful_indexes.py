"""The indexes that at least halved a statement in tests/benchmarks/SEGMENTS.md, and their use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from segmail.segments.conditions.predicate import normal_operator
from segmail.segments.conditions.tree import Leaf

_EQUALS = ("==", "()")  # an index cannot find values that must differ or be contained


@dataclass(frozen=True)
class UsefulIndex:
    """An index with the attributes, by family, that it helps to find, and how much it gains.

    `table` is without prefix, `columns` are in order.
    """

    table: str
    columns: tuple[str, ...]
    purpose: str
    gain: str
    attributes: Mapping[str, Collection[str]]

    def helps(self, leaf: Leaf) -> bool:
        """Return whether the index speeds up the condition."""
        if leaf.attribute not in self.attributes.get(leaf.family, ()):
            return False
        return normal_operator(leaf) in _EQUALS


USEFUL_INDEXES = (
    UsefulIndex(
        "sales_flat_order",
        ("coupon_code", "customer_id"),
        "who used a coupon",
        "of five million orders, they were found in 0.4 instead of 3.2 seconds with one",
        {"order_attributes": ("coupon_code",)},
    ),
)
