"""The indexes that made refreshes faster in tests/benchmarks/SEGMENTS.md, and what for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from segmail.segments.conditions.predicate import normal_operator
from segmail.segments.conditions.tree import Leaf

_EQUALS = ("==", "()")  # an index finds nothing by what must differ or be contained


@dataclass(frozen=True)
class Index:
    """A table, without prefix, and the columns in their order."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """An index with the attributes, by family, whose conditions gain by it, and how much."""

    index: Index
    purpose: str
    gain: str
    attributes: Mapping[str, Collection[str]]
    only_equal: bool = False

    def helps(self, leaf: Leaf) -> bool:
        """Return whether the condition gains by the index."""
        if leaf.attribute not in self.attributes.get(leaf.family, ()):
            return False
        return not self.only_equal or normal_operator(leaf) in _EQUALS


KINDS = (
    Kind(
        Index("sales_flat_order", ("customer_id", "state", "created_at")),
        "when customers ordered",
        "7 to 14 times faster",
        {
            "customer_timebased": (
                "days_since_last_order",
                "days_since_first_order",
                "days_without_purchase",
                "days_inactive",
                "order_frequency_days",
            ),
            "order_attributes": ("days_since_last_order",),
        },
    ),
    Kind(
        Index("sales_flat_order", ("customer_id", "state", "base_grand_total")),
        "what customers spent",
        "7 to 14 times faster",
        {
            "customer_clv": (
                "lifetime_sales",
                "lifetime_sales_close_to",
                "number_of_orders",
                "average_order_value",
            ),
            "order_attributes": ("average_order_amount", "total_ordered_amount"),
        },
    ),
    Kind(
        Index("sales_flat_order_item", ("sku", "order_id")),
        "who bought an SKU",
        "up to 60 times faster",
        {"order_items": ("product_sku",)},
        only_equal=True,
    ),
    Kind(
        Index("log_customer", ("customer_id", "login_at")),
        "when customers logged in",
        "a tenth to a third faster",
        {"customer_timebased": ("days_since_last_login", "days_inactive")},
    ),
)
