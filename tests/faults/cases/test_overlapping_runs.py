"""Runs that overlap send every mail once; `bin/faults` tries eight of them with 10,000 rows."""

from __future__ import annotations

from pathlib import Path

from tests.faults.cases.crowd import check_overlapping
from tests.shop_builder import ShopBuilder


def test_two_runs_at_once(mariadb_shop: ShopBuilder, tmp_path: Path) -> None:
    (tmp_path / "segmail.toml").write_text("[delivery]\nbatch = 20\n")

    check_overlapping(mariadb_shop, tmp_path, rows=400, runs=2)
