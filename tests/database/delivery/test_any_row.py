"""Whatever stands in a column of one row: the others' mails are sent, and no run breaks off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

NUMBERS = (0, -1, 2**31 - 1, 2**32 - 1)
MOMENTS = ("0000-00-00 00:00:00", "1970-01-01 00:00:01", "2038-01-19 03:14:07")
TEXTS = ("", "{", "a:1:{", "{{", "\x00\x01", "\U0001f600", b"\xff\xfe")
ANY = {
    "date": MOMENTS,
    "datetime": (*MOMENTS, "2025-00-10 00:00:00", "9999-12-31 23:59:59"),
    "timestamp": MOMENTS,
    **dict.fromkeys(("int", "smallint", "tinyint", "bigint", "decimal"), NUMBERS),
    **dict.fromkeys(("varchar", "char", "enum", "text", "mediumtext", "longtext"), TEXTS),
}


def _columns(shop: ShopBuilder, table: str, key: str) -> list[tuple[str, str]]:
    """Return the columns of a table that are not its key, with their types."""
    query = text(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = :table ORDER BY ordinal_position"
    )
    with shop.database.read() as connection:
        found = connection.execute(query, {"table": table}).all()
    return [(str(name), str(kind)) for name, kind in found if name != key]


def _spoil(shop: ShopBuilder, table: str, column: str, value: object, where: str) -> bool:
    """Write the value as a shop without a strict mode does; False where the column cannot."""
    try:
        with shop.database.engine.connect() as connection:
            connection.execute(text("SET sql_mode = ''"))
            connection.execute(
                text(f"UPDATE {table} SET {column} = :value WHERE {where}"),
                {"value": value},
            )
            connection.commit()
            connection.invalidate()  # with its modes
    except DBAPIError:
        return False
    return True


def test_whatever_a_due_row_holds_costs_no_other_row_its_mail(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner
) -> None:
    shop = mariadb_shop
    table = shop.tables.progress.name
    step = shop.step(shop.segment())
    broken = {}

    tried = 0
    for column, kind in _columns(shop, table, "progress_id"):
        for value in (None, *ANY[kind]):
            first, spoiled, last = (shop.due(step, shop.customer()) for _ in range(3))
            if not _spoil(shop, table, column, value, f"progress_id = {spoiled}"):
                continue
            tried += 1
            try:
                mariadb_runner()
            except Exception as error:  # noqa: BLE001 - each is told, at the end
                broken[column, value] = repr(error)[:200]
                shop.change(shop.tables.progress, {"progress_id": spoiled}, status="skipped")
                continue
            if [shop.status(row) for row in (first, last)] != ["sent", "sent"]:
                broken[column, value] = "the others were not sent"

    assert broken == {}
    assert tried >= 40


@pytest.mark.parametrize(
    ("column", "outcome"), [("created_at", "sent"), ("scheduled_at", "skipped")]
)
def test_a_time_that_is_no_moment_does_not_come_due_for_ever(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner, column: str, outcome: str
) -> None:
    shop = mariadb_shop
    rows = [shop.due(shop.step(shop.segment()), shop.customer()) for _ in range(2)]
    where = f"progress_id = {rows[0]}"
    assert _spoil(shop, shop.tables.progress.name, column, "0000-00-00 00:00:00", where)

    mariadb_runner()
    again = mariadb_runner(now=shop.now + timedelta(minutes=30))

    assert [shop.status(row) for row in rows] == [outcome, "sent"]
    assert again.outcomes == []
