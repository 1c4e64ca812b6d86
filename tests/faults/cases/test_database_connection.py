"""Connections to the database that break at a moment of the protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cases.database_faults import check, kill_connections
from tests.faults.cases.database_proxy import Cut
from tests.faults.cases.end_state import SENT, UNTOUCHED, due_rows
from tests.faults.cases.moments import Deed, Moment
from tests.shop_builder import ShopBuilder

CLAIM, RECORD, SETTLE = (
    "SKIP LOCKED",
    "INSERT INTO salesrule_coupon",
    "UPDATE newsletter_queue SET queue_status",
)
PROGRESS = "UPDATE customer_segment_sequence_progress"


@pytest.mark.parametrize(
    ("transaction", "statement", "how"),
    [
        (CLAIM, PROGRESS, "cut before"),
        (CLAIM, "FROM customer_entity", "killed"),
        (RECORD, PROGRESS, "killed"),
        (SETTLE, PROGRESS, "cut before"),
        (SETTLE, PROGRESS, "killed"),
    ],
)
def test_a_connection_that_breaks_in_a_transaction(
    mariadb_shop: ShopBuilder, tmp_path: Path, transaction: str, statement: str, how: str
) -> None:
    """What was not sent is as it was; what was sent is settled by another connection."""
    due, deed = due_rows(mariadb_shop), _deed(how, mariadb_shop)

    code, after = check(due, tmp_path, Moment(transaction, statement, deed))

    assert code == (0 if transaction == SETTLE else 75)
    assert after == [SENT if transaction == SETTLE else UNTOUCHED] * 3


@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("transaction", [CLAIM, RECORD, SETTLE])
def test_a_commit_of_unknown_outcome(
    mariadb_shop: ShopBuilder, tmp_path: Path, transaction: str, cut: Cut
) -> None:
    due = due_rows(mariadb_shop)

    code, after = check(due, tmp_path, Moment(transaction, "COMMIT", lambda: cut))

    assert code == (0 if transaction == SETTLE else 75)
    if transaction == SETTLE:
        assert after == [SENT] * 3
    elif cut is Cut.BEFORE:
        assert after == [UNTOUCHED] * 3


def _deed(how: str, shop: ShopBuilder) -> Deed:
    if how == "killed":
        return kill_connections(shop.url)
    cut = Cut.BEFORE if how == "cut before" else Cut.AFTER
    return lambda: cut
