"""MariaDB's settings for one statement, which hold no longer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from segmail.maho.db.mariadb_hints import collected
from tests.shop_builder import ShopBuilder

_SETTINGS = text("SELECT @@optimizer_switch, @@tmp_table_size")


@pytest.fixture
def connection(mariadb_shop: ShopBuilder) -> Iterator[Connection]:
    with mariadb_shop.database.read() as connection:
        if not getattr(connection.dialect, "is_mariadb", False):
            pytest.skip("MySQL has no such settings")
        yield connection


def test_the_settings_hold_for_one_statement_only(connection: Connection) -> None:
    before = connection.execute(_SETTINGS).one()

    switches, size = connection.execute(collected(_SETTINGS)).one()

    assert "in_to_exists=off" in switches
    assert "firstmatch=off" in switches
    assert size >= 128 * 1024 * 1024
    assert connection.execute(_SETTINGS).one() == before


def test_a_larger_size_stays(connection: Connection) -> None:
    connection.execute(text("SET SESSION tmp_table_size = 1073741824"))

    assert connection.execute(collected(_SETTINGS)).one()[1] == 1_073_741_824


def test_other_engines_run_the_statement_as_it_is(shop: ShopBuilder) -> None:
    with shop.database.read() as connection:
        assert connection.scalar(collected(text("SELECT 1"))) == 1
