"""The fault matrix of the mail server, by the end state of the rows.

Each case is a run of the real program. Here are those with pipelining, the harder ones, and a
choice of those before the first message; `bin/faults` runs all, with and without pipelining.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases.end_state import due_rows
from tests.faults.cases.smtp_cases import (
    CONNECTION_CASES,
    LEAVING_CASES,
    MESSAGE_CASES,
    Case,
    chosen,
)
from tests.faults.cases.smtp_faults import AT_ONCE, ONE_BY_ONE, check
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Fault

IN_A_MESSAGE = [case for case in MESSAGE_CASES if case.answer is not Fault.DRIBBLE]  # or HANG
BEFORE = {"greeting hangs", "EHLO 421", "STARTTLS 5xx", "handshake garbage", "AUTH 4xx", "AUTH 535"}
LEAVING = {"RSET hangs", "RSET 4xx", "QUIT resets"}


@pytest.mark.parametrize("case", IN_A_MESSAGE, ids=lambda case: case.name)
def test_a_fault_in_a_message(mariadb_shop: ShopBuilder, tmp_path: Path, case: Case) -> None:
    check(case, due_rows(mariadb_shop), tmp_path, AT_ONCE)


@pytest.mark.parametrize("case", chosen(CONNECTION_CASES, BEFORE), ids=lambda case: case.name)
def test_a_fault_before_any_message(mariadb_shop: ShopBuilder, tmp_path: Path, case: Case) -> None:
    check(case, due_rows(mariadb_shop), tmp_path, ONE_BY_ONE)


@pytest.mark.parametrize("case", chosen(LEAVING_CASES, LEAVING), ids=lambda case: case.name)
def test_a_fault_after_a_message(mariadb_shop: ShopBuilder, tmp_path: Path, case: Case) -> None:
    check(case, due_rows(mariadb_shop), tmp_path, AT_ONCE)
