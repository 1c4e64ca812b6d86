"""Transactions, ids of inserted rows, and times as Maho writes them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from segmail.maho.database import insert_rows
from tests.shop_builder import ShopBuilder


def test_ids_of_inserted_rows_come_back_in_order(shop: ShopBuilder) -> None:
    rows = [{"template_code": f"code {n}"} for n in range(5)]

    ids = shop.database.transact(lambda c: insert_rows(c, shop.tables.template, rows))

    stored = {row["template_id"]: row["template_code"] for row in shop.rows(shop.tables.template)}
    assert [stored[id] for id in ids] == ["code 0", "code 1", "code 2", "code 3", "code 4"]


def test_times_are_stored_as_mahos_utc_literals(shop: ShopBuilder) -> None:
    shop.insert(
        shop.tables.queue,
        template_id=shop.template(),
        queue_start_at=shop.now + timedelta(microseconds=999_999),
    )

    with shop.database.read() as connection:
        table = shop.tables.queue.name
        literal = connection.scalar(text(f"SELECT queue_start_at FROM {table}"))
    assert str(literal) == "2026-03-10 12:00:00"
