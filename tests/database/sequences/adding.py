"""Adds steps to the segment `VIP`, as short as a test wants to say it."""

from __future__ import annotations

from typing import Any

import pytest

from segmail.errors import InputError
from segmail.sequences.add import Added, add_step
from segmail.sequences.wanted_step import StepOptions
from tests.shop_builder import ShopBuilder


def add(shop: ShopBuilder, *, if_missing: bool = False, **options: Any) -> Added:
    """Add a step that sends the template `Welcome`, unless `options` say otherwise."""
    given = StepOptions(**{"template": "Welcome", **options})
    return add_step(shop.shop, "VIP", given, if_missing=if_missing, now=shop.now)


def faults(shop: ShopBuilder, **options: Any) -> list[str]:
    """Add a step that is refused and return the faults; nothing must have been stored."""
    before = shop.rows(shop.tables.sequence)
    with pytest.raises(InputError) as refused:
        add(shop, **options)
    assert shop.rows(shop.tables.sequence) == before
    return str(refused.value).splitlines()
