"""A large shop: filled by the server, then changed a little."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Index, Table, select, text

from segmail.maho.db.database import Database
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.bare_database import run
from tests.benchmarks.segments.rows import CARTS, CUSTOMER, CUSTOMERS, ORDERS, Filling
from tests.benchmarks.segments.trees import EVERYBODY, TREES
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

NAME = "segmail_segments"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CROWDS = ("Everybody", "Everybody 2")  # refreshed by name only

_COUNTED = ("customer_entity", "sales_flat_order", "sales_flat_order_item", "sales_flat_quote",
            "sales_flat_quote_item", "report_viewed_product_index", "wishlist_item",
            "log_customer")  # fmt: skip

_ADDRESS_ATTRIBUTES = {"country_id": (201, "varchar"), "city": (202, "varchar"),
                       "postcode": (203, "varchar"), "region_id": (204, "int"),
                       "region": (205, "varchar")}  # fmt: skip


class LargeShop:
    """A shop of `scale` times a million customers, five million orders, three million carts."""

    def __init__(self, server: URL, scale: float) -> None:
        self.scale = scale
        self.server = server
        self.url = server.set(database=NAME)
        self.shop = Shop(Database(self.url), build_tables("", Layout.SHIPPED))
        self.sales: SalesTables = build_sales_tables("")

    @property
    def customers(self) -> int:
        return int(CUSTOMERS * self.scale)

    def create(self) -> None:
        """Create the database with its segments and fill it."""
        run(self.server, f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3")
        self.shop.tables.metadata.create_all(self.shop.database.engine)
        builder = ShopBuilder(self.shop, self.url, now=NOW)
        SalesBuilder(builder)
        _add_address_attributes(builder)
        template = builder.template()
        for name, tree in TREES.items():
            _add_segment(builder, template, name, tree)
        for name in CROWDS:
            _add_segment(builder, template, name, EVERYBODY, refresh_mode="manual")
        self._fill_tables()

    def segments(self) -> dict[str, int]:
        """Return the ids of the twenty segments by name."""
        table = self.shop.tables.segment
        query = select(table.c.name, table.c.segment_id).where(table.c.name.in_(TREES))
        with self.shop.database.read() as connection:
            found = {name: int(id) for name, id in connection.execute(query)}
        return {name: found[name] for name in TREES}

    def has_members(self) -> bool:
        """Return whether any segment was refreshed."""
        with self.shop.database.read() as connection:
            found = connection.execute(select(self.shop.tables.member.c.customer_id).limit(1))
            return found.first() is not None

    def change(self, times: int, at: str) -> None:
        """Change one row in a hundred of what shops write: orders, carts, accounts, logins.

        Each of the `times` changes other rows; `at` is the time of the new orders and logins.
        """
        hundredth = int(self.customers / 100)
        chance = f"1 + CRC32(seq + {times * 5 * hundredth}) MOD {self.customers}"
        run(
            self.url,
            "INSERT INTO sales_flat_order (state, status, customer_id, store_id, base_grand_total, "
            f"grand_total, created_at, updated_at) SELECT 'processing', 'processing', {chance}, 1, "
            f"80, 80, '{at}', '{at}' FROM seq_1_to_{5 * hundredth}",
            "UPDATE sales_flat_quote SET is_active = 1 - is_active, "
            f"updated_at = '2026-11-22 10:00:00' WHERE entity_id MOD 100 = {7 * times}",
            f"INSERT INTO log_customer (customer_id, login_at) SELECT {chance}, '{at}' "
            f"FROM seq_1_to_{hundredth}",
            "UPDATE customer_entity_varchar SET value = 'Ada' WHERE attribute_id = 2 "
            f"AND entity_id MOD 100 = {7 * times}",
            "UPDATE newsletter_subscriber SET subscriber_status = 4 - subscriber_status "
            f"WHERE customer_id MOD 100 = {7 * times}",
        )

    def touch(self, times: int, at: str, *, subscriptions: bool) -> None:
        """Let one customer in a hundred order, fill a cart, log in and save the account, as Maho
        writes it; with `subscriptions` they subscribe or unsubscribe, too."""
        who = f"MOD 100 = {7 * times}"
        run(
            self.url,
            "INSERT INTO sales_flat_order (state, status, customer_id, store_id, base_grand_total, "
            "grand_total, created_at, updated_at) SELECT 'processing', 'processing', entity_id, 1, "
            f"80, 80, '{at}', '{at}' FROM customer_entity WHERE entity_id {who}",
            f"UPDATE sales_flat_quote SET is_active = 1 - is_active, updated_at = '{at}' "
            f"WHERE customer_id {who}",
            "INSERT INTO log_customer (customer_id, login_at) "
            f"SELECT entity_id, '{at}' FROM customer_entity WHERE entity_id {who}",
            f"UPDATE customer_entity_varchar SET value = 'Ada' WHERE attribute_id = 2 "
            f"AND entity_id {who}",
            f"UPDATE customer_entity SET updated_at = '{at}' WHERE entity_id {who}",
        )
        if subscriptions:
            run(
                self.url,
                "UPDATE newsletter_subscriber SET subscriber_status = 4 - subscriber_status, "
                f"change_status_at = '{at}' WHERE customer_id {who}",
            )

    def subscribe_everybody(self) -> None:
        run(self.url, "UPDATE newsletter_subscriber SET subscriber_status = 1")

    def warm(self) -> None:
        """Read the large tables once, by each of their indexes."""
        for table in self._large_tables():
            for name in ("PRIMARY", *(index.name for index in table.indexes)):
                run(self.url, f"SELECT COUNT(*) FROM {table.name} FORCE INDEX ({name})")

    def sizes(self) -> dict[str, int]:
        """Return the numbers of rows of the tables that grow with the shop."""
        with self.shop.database.read() as connection:
            return {
                table: int(connection.scalar(text(f"SELECT COUNT(*) FROM {table}")) or 0)
                for table in _COUNTED
            }

    def data_mib(self) -> int:
        with self.shop.database.read() as connection:
            query = text(
                "SELECT SUM(data_length + index_length) / 1048576 FROM information_schema.tables "
                "WHERE table_schema = DATABASE()"
            )
            return int(connection.scalar(query) or 0)

    def close(self) -> None:
        self.shop.database.close()

    def _fill_tables(self) -> None:
        """Fill the tables on two connections; the large ones get their indexes at the end."""
        indexes = list(self._drop_indexes())
        halves = ((*CUSTOMER, *CARTS), ORDERS)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._fill, halves))
            list(pool.map(self._create_index, indexes))
        run(self.url, *(f"ANALYZE TABLE {table.name}" for table in self._large_tables()))

    def _fill(self, fillings: Iterable[Filling]) -> None:
        for filling in fillings:
            run(
                self.url,
                "SET foreign_key_checks = 0, unique_checks = 0",
                filling.statement(self.scale),
            )

    def _create_index(self, index: Index) -> None:
        index.create(self.shop.database.engine)

    def _drop_indexes(self) -> Iterable[Index]:
        """Drop and yield the plain indexes of the sales tables; unique keys stay."""
        for table in self.sales.metadata.sorted_tables:
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                if not index.unique:
                    index.drop(self.shop.database.engine)
                    yield index

    def _large_tables(self) -> Iterable[Table]:
        yield from self.sales.metadata.sorted_tables
        yield self.shop.tables.customer
        yield self.shop.tables.subscriber
        yield from self.shop.tables.customer_values.values()


def _add_segment(
    builder: ShopBuilder, template: int, name: str, tree: dict[str, Any], **columns: Any
) -> None:
    """Insert a segment with one step, automated."""
    segment = builder.segment(
        name,
        website_ids="1",
        customer_group_ids="1",
        conditions_serialized=json.dumps(tree),
        **columns,
    )
    builder.step(segment, template, delay_minutes=30)


def _add_address_attributes(builder: ShopBuilder) -> None:
    tables = builder.tables
    builder.insert_all(
        tables.entity_type,
        [{"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}],
    )
    builder.insert_all(tables.attribute, [
        {"attribute_id": id, "entity_type_id": 2, "attribute_code": code, "backend_type": backend}
        for code, (id, backend) in _ADDRESS_ATTRIBUTES.items()
    ])  # fmt: skip
