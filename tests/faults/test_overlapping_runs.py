"""Eight runs at once over 10,000 due rows, each with as many processes as it likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases.crowd import check_overlapping
from tests.shop_builder import ShopBuilder


@pytest.mark.parametrize("runs", [2, 8])
def test_runs_at_once(mariadb_shop: ShopBuilder, tmp_path: Path, runs: int) -> None:
    check_overlapping(mariadb_shop, tmp_path, rows=10_000, runs=runs)
