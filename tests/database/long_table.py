"""A long history on a server, and how much of it a query reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from tests.shop_builder import ShopBuilder


def fill(shop: ShopBuilder, *, segments: int = 1, analyzed: bool = True, rows: int = 5000) -> None:
    """Insert rows of 50 customers and a step in each segment: most sent, 1 in 100 waits or failed.

    They are due and sent a minute after each other, the newest now.
    """
    steps = [shop.step(shop.segment()) for _ in range(segments)]
    customers = [shop.customer() for _ in range(50)]
    queue = [{"template_id": 1, "queue_status": 3} for _ in range(rows)]
    shop.insert_all(shop.tables.queue, queue)
    statuses = {0: "scheduled", 1: "failed"}
    shop.insert_all(
        shop.tables.progress,
        [
            {
                "customer_id": customers[number % 50],
                "segment_id": number // 100 % segments + 1,
                "sequence_id": steps[number // 100 % segments],
                "step_number": 1,
                "trigger_type": "enter",
                "queue_id": number + 1,
                "status": statuses.get(number % 100, "sent"),
                "created_at": shop.now,
                "scheduled_at": shop.now - timedelta(minutes=number),
                "sent_at": shop.now - timedelta(minutes=number),
            }
            for number in range(rows)
        ],
    )
    # Rows of the test before, which the server has not come to purge, would count in its estimates;
    # so may a count in the background that it is in the middle of.
    with shop.database.engine.begin() as connection:
        for table in (shop.tables.progress.name, shop.tables.queue.name):
            connection.exec_driver_sql(f"ALTER TABLE {table} STATS_AUTO_RECALC = 0, FORCE")
            if analyzed:
                connection.exec_driver_sql(f"ANALYZE TABLE {table}")


def rows_read(connection: Connection, work: Callable[[], object]) -> int:
    """Return how many rows, of tables and indexes, the server reads for what `work` does."""
    connection.exec_driver_sql("FLUSH STATUS")  # the counters of this session
    work()
    counters = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read_%%'").all()
    return sum(int(count) for _, count in counters)
