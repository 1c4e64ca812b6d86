"""Transactions, ids of inserted rows, and times as Maho writes them."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, event, text, update

from segmail.database_url import parse_database_url
from segmail.errors import ConfigError, DatabaseRefuses, DatabaseUnavailable
from segmail.maho.db.database import Conflict, Database
from segmail.maho.db.insert import insert_rows
from segmail.maho.shop import Shop
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


def test_ids_of_inserted_rows_come_back_in_order(shop: ShopBuilder) -> None:
    rows = [{"template_code": f"code {n}"} for n in range(5)]

    ids = shop.database.transact(lambda c: insert_rows(c, shop.tables.template, rows))

    stored = {row["template_id"]: row["template_code"] for row in shop.rows(shop.tables.template)}
    assert [stored[id] for id in ids] == ["code 0", "code 1", "code 2", "code 3", "code 4"]


def test_ids_that_a_change_of_the_cluster_makes_doubtful_are_taken_anew(
    mariadb_shop: ShopBuilder,
) -> None:
    """A Galera cluster changes the increment of open sessions when a node leaves it."""
    shop, steps = mariadb_shop, iter((2, 1))

    def leave(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT") and (step := next(steps, None)):
            connection.connection.cursor().execute(f"SET auto_increment_increment = {step}")

    event.listen(shop.database.engine, "after_cursor_execute", leave)
    rows = [{"template_code": f"code {n}"} for n in range(5)]
    ids = shop.database.transact(lambda c: insert_rows(c, shop.tables.template, rows))

    stored = [(row["template_id"], row["template_code"]) for row in shop.rows(shop.tables.template)]
    assert stored == [(id, f"code {n}") for n, id in enumerate(ids)]


@pytest.mark.parametrize("number", [1047, 1180])
def test_a_node_that_lost_its_cluster_is_out_of_reach(
    mariadb_shop: ShopBuilder, number: int
) -> None:
    refusal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'WSREP'"

    with pytest.raises(DatabaseUnavailable, match="out of reach"):
        mariadb_shop.database.transact(lambda c: c.execute(text(refusal)))


@pytest.mark.parametrize(
    ("number", "error", "advice"),
    [
        (1030, ConfigError, "CHECK TABLE"),
        (1114, DatabaseRefuses, "may be full"),
        (1290, DatabaseRefuses, "read-only"),
        (1356, ConfigError, "Mend the view"),
        (1194, ConfigError, "CHECK TABLE"),
        (1932, ConfigError, "CHECK TABLE"),
        (1969, DatabaseRefuses, "max_statement_time"),
    ],
)
def test_what_a_server_cannot_do_is_told_with_a_cure(
    mariadb_shop: ShopBuilder, number: int, error: type[Exception], advice: str
) -> None:
    refusal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'it says'"

    with pytest.raises(error, match=rf"it says \(error {number}\)\. .*{advice}"):
        mariadb_shop.database.transact(lambda c: c.execute(text(refusal)))


def test_a_full_disk_is_told_from_a_table_that_is_damaged(mariadb_shop: ShopBuilder) -> None:
    said = 'Got error 28 "No space left on device" from storage engine InnoDB'
    refusal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1030, MESSAGE_TEXT = '{said}'"

    with pytest.raises(DatabaseRefuses, match="df -h"):
        mariadb_shop.database.transact(lambda c: c.execute(text(refusal)))


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


def test_a_mistyped_path_is_an_error_and_no_new_file(tmp_path: Path) -> None:
    url = URL.create("sqlite", database=str(tmp_path / "no-such-shop.sqlite"))

    with pytest.raises(ConfigError, match=r"no-such-shop\.sqlite"):
        Shop.open(url)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["postgresql", "postgresql+psycopg", "oracle"])
def test_another_kind_of_database_is_an_error_that_names_the_possible_ones(name: str) -> None:
    url = URL.create(name, "shop", "s3cret", "db.example.test", database="shop")

    with pytest.raises(ConfigError, match=r"^segmail works on MySQL, MariaDB and SQLite") as raised:
        Shop.open(url)

    assert "s3cret" not in str(raised.value)


def test_work_that_meets_a_conflict_is_run_again_from_the_start(shop: ShopBuilder) -> None:
    tries = []

    def work(connection: object) -> str:
        tries.append(connection)
        if len(tries) < 3:
            raise Conflict
        return "done"

    assert shop.database.transact(work) == "done"
    assert len(tries) == 3


def test_a_deadlock_is_retried_until_both_transactions_are_through(
    mariadb_shop: ShopBuilder,
) -> None:
    """Two connections lock two rows in opposite order; the server kills one of them."""
    shop = mariadb_shop
    first, second = shop.template(), shop.template()
    meeting = threading.Barrier(2)
    table = shop.tables.template

    def lock(order: tuple[int, int]) -> None:
        met: list[int] = []

        def work(connection: Connection) -> None:
            for template_id in order:
                connection.execute(
                    update(table)
                    .where(table.c.template_id == template_id)
                    .values(template_type=table.c.template_type + 1)
                )
                if not met:
                    met.append(meeting.wait(300))

        shop.database.transact(work)

    threads = [
        threading.Thread(target=lock, args=(order,)) for order in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert [row["template_type"] for row in shop.rows(table)] == [4, 4]


def test_long_texts_are_inserted_with_several_statements_and_keep_their_order(
    shop: ShopBuilder,
) -> None:
    """A server may take no more than a few megabytes in one statement."""
    rows = [{"template_code": str(n), "template_text": "x" * 60_000} for n in range(40)]
    sizes: list[int] = []
    engine = shop.database.engine
    event.listen(engine, "before_cursor_execute", lambda *call: sizes.append(len(str(call[3]))))

    ids = shop.database.transact(lambda c: insert_rows(c, shop.tables.template, rows))

    stored = {row["template_id"]: row["template_code"] for row in shop.rows(shop.tables.template)}
    assert [stored[id] for id in ids] == [str(n) for n in range(40)]
    assert max(sizes) < 1_200_000


@pytest.mark.parametrize("mode", ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"])
def test_every_character_is_stored_as_it_is(mariadb_shop: ShopBuilder, mode: str) -> None:
    characters = [chr(code) for code in (*range(0x300), 0x2028, 0xE000, 0xFFFD, 0x1F600)]
    odd = [
        "".join(characters),
        "'",
        "''",
        "\\",
        "\\'",
        "'\\",
        "\\\\'",
        '"',
        "%s",
        "--",
        "/*",
        "\0",
        "\x1a",
    ]
    asked = ", ".join(f":v{number}" for number in range(len(odd)))

    with mariadb_shop.database.read() as connection:
        connection.execute(text("SET SESSION sql_mode = :mode"), {"mode": mode})
        values = {f"v{number}": value for number, value in enumerate(odd)}
        found = connection.execute(text(f"SELECT {asked}"), values).one()
        connection.invalidate()

    assert list(found) == odd


@pytest.mark.parametrize(
    "plugin",
    ["mysql_native_password", "ed25519", "parsec", "caching_sha2_password", "sha256_password"],
)
def test_every_password_logs_in_by_every_way_that_the_server_knows(
    mariadb_shop: ShopBuilder, plugin: str
) -> None:
    shop, name = mariadb_shop, f"segmail_{os.environ.get('PYTEST_XDIST_WORKER', 'login')}"
    user = f"'{name}'@'%%'"  # one server for all workers
    with shop.database.engine.begin() as connection:
        known = connection.exec_driver_sql(
            "SELECT plugin_name FROM information_schema.plugins WHERE plugin_status = 'ACTIVE'"
        )
        if plugin not in known.scalars().all():
            pytest.skip(f"the server does not know {plugin}")
        version = str(connection.exec_driver_sql("SELECT VERSION()").scalar())
        way = f"VIA {plugin} USING PASSWORD(%s)" if "MariaDB" in version else f"WITH {plugin} BY %s"
        for password in ("", "p@ss/w:rd#?%20 +'\"\\", "pässwörd€", "\U0001f511", "x" * 70):
            connection.exec_driver_sql(f"DROP USER IF EXISTS {user}", ())
            connection.exec_driver_sql(f"CREATE USER {user} IDENTIFIED {way}", (password,))
            connection.exec_driver_sql(f"GRANT SELECT ON {shop.url.database}.* TO {user}", ())
            given = shop.url.set(username=name, password=password)
            url = parse_database_url(given.render_as_string(hide_password=False), [])
            assert url is not None
            database = Database(url)
            with database.read() as one:
                assert one.scalar(text("SELECT 1")) == 1
            database.close()
        connection.exec_driver_sql(f"DROP USER {user}", ())
