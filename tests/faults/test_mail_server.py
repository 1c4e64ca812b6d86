"""The whole fault matrix of the mail server; see `tests/faults/cases/test_mail_server.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases.end_state import due_rows
from tests.faults.cases.smtp_cases import CONNECTION_CASES, LEAVING_CASES, MESSAGE_CASES, Case
from tests.faults.cases.smtp_faults import AT_ONCE, ONE_BY_ONE, check
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Script

CASES = [*MESSAGE_CASES, *CONNECTION_CASES, *LEAVING_CASES]


@pytest.mark.parametrize("offers", [ONE_BY_ONE, AT_ONCE], ids=["one by one", "at once"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_fault_leaves_behind(
    mariadb_shop: ShopBuilder, tmp_path: Path, case: Case, offers: Script
) -> None:
    check(case, due_rows(mariadb_shop), tmp_path, offers)


@pytest.mark.parametrize("options", [("--connections", "3"), ("--workers", "2")], ids=" ".join)
@pytest.mark.parametrize("case", CONNECTION_CASES, ids=lambda case: case.name)
def test_several_connections_and_processes_meet_it_alike(
    mariadb_shop: ShopBuilder, tmp_path: Path, case: Case, options: tuple[str, str]
) -> None:
    check(case, due_rows(mariadb_shop), tmp_path, ONE_BY_ONE, *options)
