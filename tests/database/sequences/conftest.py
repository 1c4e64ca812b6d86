"""What the tests of sequences share."""

from __future__ import annotations

import pytest

from tests.shop_builder import ShopBuilder


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    """A segment whose automation is off, and the template `Welcome`."""
    shop.template(code="Welcome")
    return shop.segment("VIP", automation=False)
