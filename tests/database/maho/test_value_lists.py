"""Conditions on many rows, on every database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import ColumnElement, not_, select, update

from segmail.maho.db.value_lists import among, chosen_by, pairs_among
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.fixture
def rows(shop: ShopBuilder) -> list[int]:
    step = shop.step(shop.segment())
    return [shop.due(step, shop.customer()) for _ in range(4)]


def chosen(shop: ShopBuilder, *conditions: ColumnElement[bool]) -> list[int]:
    c = shop.tables.progress.c
    query = select(c.progress_id).where(*conditions).order_by(c.progress_id)
    with shop.database.read() as connection:
        return list(connection.scalars(query))


def due_at(shop: ShopBuilder, row: int) -> datetime:
    found = shop.progress(row)["scheduled_at"]
    assert isinstance(found, datetime)
    return found


def test_rows_are_found_by_any_number_of_values(shop: ShopBuilder, rows: list[int]) -> None:
    column = shop.tables.progress.c.progress_id

    assert chosen(shop, among(column, rows[:1])) == rows[:1]
    assert chosen(shop, among(column, set(rows[1:]))) == rows[1:]
    assert chosen(shop, among(column, range(rows[0], rows[0] + 5000))) == rows


def test_no_value_finds_no_row(shop: ShopBuilder, rows: list[int]) -> None:
    c = shop.tables.progress.c

    assert rows
    assert chosen(shop, among(c.progress_id, [])) == []
    assert chosen(shop, pairs_among(c.progress_id, c.scheduled_at, [])) == []


def test_values_can_be_left_out(shop: ShopBuilder, rows: list[int]) -> None:
    assert chosen(shop, not_(among(shop.tables.progress.c.progress_id, rows[1:]))) == rows[:1]


def test_texts_are_values_and_nothing_else(shop: ShopBuilder, rows: list[int]) -> None:
    column = shop.tables.progress.c.status

    assert chosen(shop, among(column, ["it's", 'a "b" \\', "%s", "scheduled"])) == rows
    assert chosen(shop, among(column, ["') OR (1=1"])) == []


def test_pairs_match_only_together(shop: ShopBuilder, rows: list[int]) -> None:
    c = shop.tables.progress.c
    first, second = rows[:2]
    at = due_at(shop, first)
    shop.change(shop.tables.progress, {"progress_id": second}, scheduled_at=at - timedelta(days=1))

    both = [(first, at), (second, at)]

    assert chosen(shop, pairs_among(c.progress_id, c.scheduled_at, both)) == [first]


def test_each_row_gets_its_own_value(shop: ShopBuilder, rows: list[int]) -> None:
    c = shop.tables.progress.c
    values = {row: shop.now + timedelta(hours=number) for number, row in enumerate(rows)}
    change = (
        update(shop.tables.progress)
        .where(among(c.progress_id, rows))
        .values(scheduled_at=chosen_by(c.progress_id, values, c.scheduled_at))
    )

    shop.database.transact(lambda connection: connection.execute(change))

    assert {row: due_at(shop, row) for row in rows} == values


def test_a_condition_stays_one_that_an_index_can_serve(shop: ShopBuilder) -> None:
    condition = among(shop.tables.progress.c.progress_id, [1, 2])

    sql = str(select(shop.tables.progress.c.status).where(condition).compile(shop.database.engine))

    assert "= 1" not in sql
