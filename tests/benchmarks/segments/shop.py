"""A large shop: filled by the server, then changed a little."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Index, Table, text
from sqlalchemy.schema import SchemaItem

from segmail.maho.database import Database
from segmail.maho.sales_tables import SalesTables
from segmail.maho.shop import Shop
from segmail.maho.tables import Layout, build_tables
from tests.bare_database import run
from tests.benchmarks.segments.rows import CARTS, CUSTOMER, CUSTOMERS, ORDERS, Filling
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

NAME = "segmail_segments"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

_ADDRESS_ATTRIBUTES = {"country_id": (201, "varchar"), "city": (202, "varchar"),
                       "postcode": (203, "varchar"), "region_id": (204, "int"),
                       "region": (205, "varchar")}  # fmt: skip


class LargeShop:
    """A shop of `scale` times a million customers, five million orders, three million carts."""

    def __init__(self, server: URL, scale: float) -> None:
        self.scale = scale
        self.url = server.set(database=NAME)
        run(server, f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3")
        database = Database(self.url)
        self.shop = Shop(database, build_tables("", Layout.SHIPPED))
        self.shop.tables.metadata.create_all(database.engine)
        self._builder = ShopBuilder(self.shop, self.url, now=NOW)
        self.sales: SalesTables = SalesBuilder(self._builder).sales
        self._template = self._builder.template()
        self._add_address_attributes()

    @property
    def customers(self) -> int:
        return int(CUSTOMERS * self.scale)

    def fill(self) -> None:
        """Fill the tables on two connections; the large ones get their indexes at the end."""
        indexes = list(self._drop_indexes())
        halves = ((*CUSTOMER, *CARTS), ORDERS)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._fill, halves))
            list(pool.map(self._create, indexes))
        run(self.url, *(f"ANALYZE TABLE {table}" for table in self._large_tables()))

    def segment(self, name: str, tree: dict[str, Any]) -> int:
        """Insert a segment with one step, automatic and automated; return its id."""
        segment = self._builder.segment(
            name,
            website_ids="1",
            customer_group_ids="1",
            conditions_serialized=json.dumps(tree),
        )
        self._builder.step(segment, self._template, delay_minutes=30)
        return segment

    def change(self) -> None:
        """Change one row in a hundred of what shops write: orders, carts, accounts, logins."""
        hundredth = int(self.customers / 100)
        run(
            self.url,
            "INSERT INTO sales_flat_order (state, status, customer_id, store_id, base_grand_total, "
            "grand_total, created_at, updated_at) SELECT 'processing', 'processing', "
            f"1 + CRC32(seq) MOD {self.customers}, 1, 80, 80, '2026-11-22 12:05:00', "
            f"'2026-11-22 12:05:00' FROM seq_1_to_{5 * hundredth}",
            "UPDATE sales_flat_quote SET is_active = 1 - is_active, "
            "updated_at = '2026-11-22 10:00:00' WHERE entity_id MOD 100 = 7",
            "INSERT INTO log_customer (customer_id, login_at) "
            f"SELECT 1 + CRC32(seq) MOD {self.customers}, '2026-11-22 12:05:00' "
            f"FROM seq_1_to_{hundredth}",
            "UPDATE customer_entity_varchar SET value = 'Ada' WHERE attribute_id = 2 "
            "AND entity_id MOD 100 = 7",
            "UPDATE newsletter_subscriber SET subscriber_status = 4 - subscriber_status "
            "WHERE customer_id MOD 100 = 7",
        )

    def subscribe_everybody(self) -> None:
        run(self.url, "UPDATE newsletter_subscriber SET subscriber_status = 1")

    def count(self, table: str) -> int:
        with self.shop.database.read() as connection:
            return int(connection.scalar(text(f"SELECT COUNT(*) FROM {table}")) or 0)

    def close(self) -> None:
        self.shop.database.close()

    def _fill(self, fillings: Iterable[Filling]) -> None:
        for filling in fillings:
            run(
                self.url,
                "SET foreign_key_checks = 0, unique_checks = 0",
                filling.statement(self.scale),
            )

    def _create(self, index: Index) -> None:
        index.create(self.shop.database.engine)

    def _drop_indexes(self) -> Iterable[Index]:
        """Drop and yield the plain indexes of the sales tables; unique keys stay."""
        for table in self.sales.metadata.sorted_tables:
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                if not index.unique:
                    index.drop(self.shop.database.engine)
                    yield index

    def _large_tables(self) -> Iterable[Table | SchemaItem]:
        yield from self.sales.metadata.sorted_tables
        yield self.shop.tables.customer
        yield self.shop.tables.subscriber
        yield from self.shop.tables.customer_values.values()

    def _add_address_attributes(self) -> None:
        tables, add = self.shop.tables, self._builder.insert_all
        add(
            tables.entity_type,
            [{"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}],
        )
        add(tables.attribute, [
            {"attribute_id": id, "entity_type_id": 2, "attribute_code": code,
             "backend_type": backend}
            for code, (id, backend) in _ADDRESS_ATTRIBUTES.items()
        ])  # fmt: skip
