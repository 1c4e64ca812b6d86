"""The connection to the database breaks at each statement of a run in turn, in three ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases.database_faults import check, kill_connections
from tests.faults.cases.database_proxy import Cut
from tests.faults.cases.end_state import due_rows
from tests.faults.cases.moments import Turn
from tests.shop_builder import ShopBuilder

STATEMENTS = 75  # a few more than a run of three mails takes


@pytest.mark.parametrize("how", ["cut before", "cut after", "killed"])
@pytest.mark.parametrize("number", range(STATEMENTS))
def test_each_mail_is_sent_once_whichever_statement_breaks(
    mariadb_shop: ShopBuilder, tmp_path: Path, number: int, how: str
) -> None:
    due = due_rows(mariadb_shop)
    kill = kill_connections(mariadb_shop.url)
    cut = Cut.BEFORE if how == "cut before" else Cut.AFTER

    check(due, tmp_path, Turn(number, kill if how == "killed" else lambda: cut))
