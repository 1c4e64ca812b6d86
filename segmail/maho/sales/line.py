"""A line of a cart or an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Option:
    """What was chosen, in the words of a store view; the label may be missing."""

    label: str
    value: str


@dataclass(frozen=True)
class Line:
    """What one row shows; amounts are as Maho stored them, in the cart's or order's currency.

    `page_id` is the product whose page and picture are shown for it, `part_id` the chosen variant.
    """

    product_id: int | None
    page_id: int | None
    part_id: int | None
    name: str  # as it was when it was added to the cart
    quantity: Decimal
    without_tax: Decimal
    with_tax: Decimal
    options: Sequence[Option]

    @property
    def product_ids(self) -> set[int]:
        """The products that are needed to show it."""
        ids = (self.product_id, self.page_id, self.part_id)
        return {product_id for product_id in ids if product_id is not None}


def amounts(row: Any) -> tuple[Decimal, Decimal]:
    """Return the row's total without and with tax; old rows lack the second."""
    without = row.row_total or Decimal(0)
    taxes = (row.tax_amount or Decimal(0)) + (row.hidden_tax_amount or Decimal(0))
    return without, row.row_total_incl_tax or without + taxes
