"""A shop on the cluster: many customers, each with one row that is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import URL, create_engine, literal, select

from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.bare_database import run
from tests.galera.cluster import Cluster
from tests.shop_builder import ShopBuilder

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NAME = "segmail_galera"

_CHUNK = 1_000


class GaleraShop:
    """A shop made on the first node of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        server = cluster.nodes[0].url
        run(server, f"DROP DATABASE IF EXISTS {NAME}")
        run(server, f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3")
        url = server.set(database=NAME)
        engine = create_engine(url)
        build_tables("", Layout.SHIPPED).metadata.create_all(engine)
        engine.dispose()
        cluster.wait_until_applied()
        shop = Shop(Database(url), build_tables("", Layout.SHIPPED))
        self.builder = ShopBuilder(shop, url, now=NOW)
        self.tables = shop.tables
        self.segment = self.builder.segment()
        self.step = self.builder.step(self.segment, rule_id=self.builder.rule())

    def url(self, number: int) -> URL:
        """Return the shop's URL on a node, counted from 1."""
        return self._cluster.nodes[number - 1].url.set(database=NAME)

    def database(self, number: int) -> Database:
        return Database(self.url(number))

    def add_customers(self, count: int) -> None:
        """Add subscribed customers 1 to `count`."""
        t, joined = self.tables, NOW - timedelta(days=100)
        for ids in _chunks(count):
            customers = [
                {"entity_id": id, "email": email_of(id), "website_id": 1, "store_id": 1,
                 "group_id": 1, "is_active": 1, "created_at": joined, "updated_at": joined}
                for id in ids
            ]  # fmt: skip
            subscribers = [
                {"customer_id": id, "subscriber_email": email_of(id), "subscriber_status": 1,
                 "store_id": 1, "subscriber_confirm_code": f"code{id}"}
                for id in ids
            ]  # fmt: skip
            self.builder.insert_all(t.customer, customers)
            self.builder.insert_all(t.subscriber, subscribers)

    def make_due(self) -> None:
        """Schedule the step for every customer, due a minute ago."""
        t, p = self.tables, self.tables.progress.c
        values = {
            "segment_id": self.segment, "sequence_id": self.step, "step_number": 1,
            "trigger_type": "enter", "status": "scheduled",
            "created_at": NOW - timedelta(minutes=1), "scheduled_at": NOW - timedelta(minutes=1),
        }  # fmt: skip
        columns = [literal(value, p[name].type) for name, value in values.items()]
        rows = select(t.customer.c.entity_id, *columns)
        insert = t.progress.insert().from_select(["customer_id", *values], rows)
        self.builder.database.transact(lambda c: c.execute(insert))
        self._cluster.wait_until_applied()

    def rows(self, number: int = 1) -> list[Row]:
        """Return every progress row with what belongs to it, as a node knows it."""
        t = self.tables
        with self.database(number).read() as connection:
            links = Counter(connection.scalars(select(t.queue_link.c.queue_id)))
            problem = t.problem.c
            reasons = dict(
                map(tuple, connection.execute(select(problem.queue_id, problem.problem_error_text)))
            )
            query = (
                select(t.progress, t.customer.c.email, t.queue.c.queue_status)
                .join(t.customer, t.customer.c.entity_id == t.progress.c.customer_id)
                .outerjoin(t.queue, t.queue.c.queue_id == t.progress.c.queue_id)
                .order_by(t.progress.c.progress_id)
            )
            return [
                {**row._mapping, "links": links[row.queue_id], "reason": reasons.get(row.queue_id)}
                for row in connection.execute(query)
            ]

    def counts(self, number: int = 1) -> dict[str, int]:
        """Return the numbers of rows of the tables that a run writes."""
        t = self.tables
        with self.database(number).read() as connection:
            return {
                table.name: len(list(connection.execute(select(table.primary_key.columns[0]))))
                for table in (t.progress, t.queue, t.queue_link, t.problem, t.coupon)
            }

    def close(self) -> None:
        self.builder.database.close()


Row = dict[str, Any]


def email_of(customer: int) -> str:
    """Return a customer's address."""
    return f"customer{customer}@example.test"


def _chunks(count: int) -> Iterator[range]:
    return (range(start, min(start + _CHUNK, count + 1)) for start in range(1, count + 1, _CHUNK))
