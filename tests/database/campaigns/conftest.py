"""A shop in which customers can buy things."""

from __future__ import annotations

import pytest

from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder


@pytest.fixture
def sales(shop: ShopBuilder) -> SalesBuilder:
    """The shop with empty tables of orders, carts, products, views and wishlists."""
    return SalesBuilder(shop)
