"""How long a command waits for a database that is silent, or for a table that others hold."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from segmail.errors import DatabaseUnavailable
from segmail.maho.db import database as database_module
from segmail.maho.db import pymysql_connection
from segmail.maho.db.database import Database
from tests.program import run
from tests.shop_builder import ShopBuilder

# What a MariaDB server says first: protocol, version, thread, salt, what it can, its charset.
_GREETING = (
    b"\x0a11.4.2-MariaDB\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x21\x02\x00\xff\x81\x15"
    + b"\x00" * 10
    + b"ijklmnopqrst\x00mysql_native_password\x00"
)


@contextmanager
def silent_server(
    greeting: bytes, as_it_is: bytes = b"", *, seconds_a_byte: float = 0
) -> Iterator[int]:
    """Run a server that accepts, says `greeting` as a packet and no more; yield its port."""
    packet = len(greeting).to_bytes(3, "little") + b"\0" + greeting if greeting else as_it_is
    held = []

    def accept() -> None:
        try:
            while True:
                held.append(listener.accept()[0])
                if not seconds_a_byte:
                    held[-1].sendall(packet)
                for byte in packet if seconds_a_byte else b"":
                    held[-1].sendall(bytes([byte]))
                    time.sleep(seconds_a_byte)
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


@pytest.mark.parametrize("greeting", [b"", _GREETING], ids=["silent", "greets only"])
def test_a_server_that_falls_silent_is_given_up(
    greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pymysql_connection, "HANDSHAKE", 0.5)

    with silent_server(greeting) as port:
        database = Database(URL.create("mysql+pymysql", "u", "p", "127.0.0.1", port, "shop"))
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="timed out"), database.read():
            pass

    assert time.monotonic() - began < 5


def test_a_server_that_drips_its_greeting_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pymysql_connection, "LOGIN", 0.5)

    with silent_server(_GREETING, seconds_a_byte=0.05) as port:
        database = Database(
            URL.create("mysql+pymysql", "u", "p", "127.0.0.1", port, "shop").update_query_dict(
                {"connect_timeout": "1"}
            )
        )
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="the login timed out"), database.read():
            pass

    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "said",
    [b"220 mail.test ESMTP\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x05\0\0\0\x0a11.4", b"\0" * 40],
)
def test_what_is_no_database_is_told_as_that(said: bytes, tmp_path: Path) -> None:
    with silent_server(b"", as_it_is=said) as port:
        ran = run(
            URL.create("mysql+pymysql", "u", "p", "127.0.0.1", port, "shop"), tmp_path, "status"
        )

    assert ran.returncode == 75
    assert "answers as no MySQL or MariaDB server does" in ran.stderr


def test_an_answer_that_does_not_come_is_given_up(mariadb_shop: ShopBuilder) -> None:
    database = Database(mariadb_shop.url.update_query_dict({"read_timeout": "1"}))

    with pytest.raises(DatabaseUnavailable, match="timed out"), database.read() as connection:
        connection.exec_driver_sql("SELECT SLEEP(20)")


def test_a_refresh_is_waited_for_longer_than_other_statements(mariadb_shop: ShopBuilder) -> None:
    database = Database(mariadb_shop.url.update_query_dict({"read_timeout": "1"}))

    with database.session() as session:
        slept = session.transact(lambda c: c.exec_driver_sql("SELECT SLEEP(2)").scalar_one())

    assert slept == 0


def test_a_table_that_others_hold_ends_the_run_and_says_what_to_do(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    """A dump, an ALTER or Maho's migration; the server by itself would wait for a day."""
    mariadb_shop.due(mariadb_shop.step(mariadb_shop.segment()), mariadb_shop.customer())
    url = mariadb_shop.url.update_query_dict({"init_command": "SET lock_wait_timeout = 1"})
    table = mariadb_shop.tables.progress.name
    engine = create_engine(mariadb_shop.url)
    with engine.connect() as other:
        other.exec_driver_sql(f"LOCK TABLES {table} WRITE")
        ran = run(url, tmp_path, "process-emails")
        other.exec_driver_sql("UNLOCK TABLES")
    engine.dispose()

    assert ran.returncode == 75
    assert "waits for locks of another session" in ran.stderr
    assert "PROCESSLIST" in ran.stderr


def test_nobody_waits_for_a_locked_table_for_more_than_a_minute(mariadb_shop: ShopBuilder) -> None:
    with mariadb_shop.database.read() as connection:
        patience = connection.exec_driver_sql("SELECT @@lock_wait_timeout").scalar_one()

    assert patience <= 30


def test_a_change_of_the_schema_gives_up_before_the_shop_waits_long(
    mariadb_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In five seconds; here in one, for which this server keeps a processor busy."""
    assert str(database_module._DDL_PATIENCE) == "SET SESSION lock_wait_timeout = 5"
    monkeypatch.setattr(database_module, "_DDL_PATIENCE", text("SET SESSION lock_wait_timeout = 1"))
    table = mariadb_shop.tables.progress.name
    engine = create_engine(mariadb_shop.url)
    began = time.monotonic()
    with engine.connect() as other:
        other.exec_driver_sql(f"SELECT * FROM {table}")  # an open transaction that has read it
        with pytest.raises(DatabaseUnavailable, match="PROCESSLIST"):
            mariadb_shop.database.change_schema(f"ALTER TABLE {table} ADD COLUMN more int")
    engine.dispose()

    assert time.monotonic() - began < 5
