"""Creates the tables of sales, categories and choices in a test shop.

Hundreds of tests do, so it must not take long.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from sqlalchemy import Connection, create_mock_engine, inspect
from sqlalchemy.engine.mock import MockConnection

from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from tests.shop_builder import ShopBuilder


def create_sales_tables(shop: ShopBuilder) -> SalesTables:
    """Create the tables where the shop has none yet, and return them."""
    prefix = shop.tables.prefix
    sales = build_sales_tables(prefix)

    def create(connection: Connection) -> None:
        if not inspect(connection).has_table(sales.order.name):
            statements = _statements(prefix, connection.dialect.name)
            if connection.dialect.name == "sqlite":
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                driver.executescript(";".join(["BEGIN", *statements, "COMMIT"]))
            else:
                for statement in statements:
                    connection.exec_driver_sql(statement)

    shop.database.transact(create)
    return sales


@cache
def _statements(prefix: str, dialect: str) -> list[str]:
    """Return what creates the tables: SQLAlchemy takes longer to say it than SQLite to do it."""
    found: list[str] = []
    engine: MockConnection = create_mock_engine(
        "sqlite://" if dialect == "sqlite" else "mysql+pymysql://",
        lambda ddl, *_: found.append(str(ddl.compile(dialect=engine.dialect))),
    )
    build_sales_tables(prefix).metadata.create_all(engine, checkfirst=False)
    named = build_catalog_tables(prefix)
    tables = [named.category, named.category_varchar, named.option, named.attribute_option]
    named.metadata.create_all(engine, tables, checkfirst=False)
    return found
