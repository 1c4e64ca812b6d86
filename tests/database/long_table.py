"""A long history on a server, and how much of it a query reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from tests.shop_builder import ShopBuilder

# The server makes the rows: it takes a third of the time that it takes to send them.
_DIGITS = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))
_NUMBERS = f"""
    (SELECT a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 10000 * e.digit AS number
     FROM ({_DIGITS}) a, ({_DIGITS}) b, ({_DIGITS}) c, ({_DIGITS}) d, ({_DIGITS}) e) numbers
    WHERE number < :rows ORDER BY number
"""
_QUEUE = """
    INSERT INTO {queue} (queue_id, template_id, queue_status)
    SELECT number + 1, 1, 3 FROM {numbers}
"""
_PROGRESS = """
    INSERT INTO {progress} (
        progress_id, queue_id, customer_id, segment_id, sequence_id, step_number, trigger_type,
        status, created_at, scheduled_at, sent_at
    )
    SELECT
        number + 1, number + 1, :customer + number % 50, number DIV 100 % :segments + 1,
        :step + number DIV 100 % :segments, 1, 'enter',
        CASE number % 100 WHEN 0 THEN 'scheduled' WHEN 1 THEN 'failed' ELSE 'sent' END,
        :now, :now - INTERVAL number MINUTE, :now - INTERVAL number MINUTE
    FROM {numbers}
"""


def fill(shop: ShopBuilder, *, segments: int = 1, analyzed: bool = True, rows: int = 5000) -> None:
    """Insert rows of 50 customers and a step in each segment: most sent, 1 in 100 waits or failed.

    They are due and sent a minute after each other, the newest now. Without `analyzed`, MariaDB
    10's statistics are those of the empty tables. (MariaDB 11 and MySQL would read a table that was
    empty as it is; they have none.)
    """
    steps = [shop.step(shop.segment()) for _ in range(segments)]
    customers = [shop.customer() for _ in range(50)]
    assert customers == [*range(customers[0], customers[0] + 50)]
    assert steps == [*range(steps[0], steps[0] + segments)]
    given = {"rows": rows, "segments": segments, "customer": customers[0], "step": steps[0]}
    if not analyzed:
        _renew(shop, analyzed=True)
    with shop.database.engine.begin() as connection:
        dialect: Any = connection.dialect
        is_older = dialect.is_mariadb and dialect.server_version_info < (11,)
        for statement in (_QUEUE, _PROGRESS):
            statement = statement.format(
                queue=shop.tables.queue, progress=shop.tables.progress, numbers=_NUMBERS
            )
            connection.execute(text(statement), {**given, "now": shop.now.replace(tzinfo=None)})
    if analyzed or not is_older:
        _renew(shop, analyzed=analyzed)


def _renew(shop: ShopBuilder, *, analyzed: bool) -> None:
    """Build the tables anew, and let the server count its statistics only when told to.

    Rows of the test before, which the server has not come to purge, would count in its estimates;
    so may a count in the background that it is in the middle of.
    """
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
