"""A shop on a server that a test may stop, crash, fill and make read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import URL, create_engine, make_url, text

from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.mariadb import Server, own_server
from tests.shop_builder import ShopBuilder

PASSWORD = "s3cret-word"
# A crash must lose nothing that was committed: that is promised for servers that keep to it.
_DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1")


@contextmanager
def durable_server() -> Iterator[Server]:
    """Start a server that survives a crash, with a user who may do no more than a shop's."""
    with own_server(*_DURABLE) as server:
        administer(
            server,
            f"CREATE USER shop@localhost IDENTIFIED BY '{PASSWORD}'",
            "GRANT ALL ON shop.* TO shop@localhost",
        )
        yield server


@contextmanager
def fresh_shop(server: Server, now: datetime) -> Iterator[ShopBuilder]:
    """Make an empty shop on the server; its URL is that of the shop's own user."""
    administer(server, "DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop CHARACTER SET utf8mb3")
    url = shop_url(server)
    database = Database(url)
    tables = build_tables("", Layout.SHIPPED)
    tables.metadata.create_all(database.engine)
    yield ShopBuilder(Shop(database, tables), url, now=now)
    database.close()


def shop_url(server: Server) -> URL:
    return make_url(server.url).set(username="shop", password=PASSWORD, database="shop")


def administer(server: Server, *statements: str) -> None:
    """Carry out statements as the server's administrator."""
    engine = create_engine(server.url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
