"""A shop with a history of 90 days, which the server makes up by itself.

Seven of ten rows are of one segment. 1 in 200 waits, 2 in 100 failed, 5 in 100 were skipped; the
others were sent. Of those who were sent a mail, some ordered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import URL, inspect, select, text

from segmail.maho.db.database import Database
from segmail.maho.open_attempts import remember_oldest
from segmail.maho.reasons import SOURCE, told
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.bare_database import run
from tests.shop_builder import ShopBuilder

NAME = "segmail_history"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

_DAYS = 90
_CUSTOMERS = 200_000
_STEPS = 3  # of each segment
_SEGMENTS = 4
_CHUNK = 500_000
_REASONS = 10  # queue rows that are no mails
_REASON = "the customer is not subscribed to the newsletter any more"

# What row number n is: its segment, when it was due and what became of it.
_SEGMENT = "IF(n % 10 < 7, 1, n % 10 - 5)"
_STEP = f"({_SEGMENT} - 1) * {_STEPS} + n % {_STEPS} + 1"
_STATUS = (
    "CASE WHEN n % 200 = 0 THEN 'scheduled' WHEN n % 100 < 2 THEN 'failed' "
    "WHEN n % 100 < 7 THEN 'skipped' ELSE 'sent' END"
)


class LongHistory:
    """The shop while it is filled and asked; `rows` are those of its progress table."""

    def __init__(self, server: URL, rows: int, say: Callable[[str], None]) -> None:
        self.url = server.set(database=NAME)
        self.rows = rows
        self._say = say
        run(server, f"CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb3")
        self._shop = Shop(Database(self.url), build_tables("", Layout.SHIPPED))
        self._progress = self._shop.tables.progress.name

    def fill(self) -> None:
        """Create and fill the tables; their statistics are of the first hundredth of the rows."""
        self._create()
        self._say("Customers and orders")
        self._run(*_people(), *_orders(self.rows))
        first = max(1, self.rows // 100)
        self._add(1, first)
        self.analyze()
        for start in range(first + 1, self.rows + 1, _CHUNK):
            self._say(f"Rows up to {min(start + _CHUNK, self.rows):,}")
            self._add(start, min(start + _CHUNK - 1, self.rows))
        # As the first run of `process-emails` leaves it: no attempt is open.
        self._shop.transact(lambda tx: remember_oldest(tx, []))

    def analyze(self) -> None:
        """Let the server count its rows anew."""
        self._run("ANALYZE TABLE " + ", ".join(self._written()))

    @property
    def is_filled(self) -> bool:
        """Whether the last row is there, as in data that were kept."""
        last = select(self._shop.tables.progress.c.progress_id).limit(1)
        with self._shop.database.engine.connect() as connection:
            if not inspect(connection).has_table(self._progress):
                return False
            return bool(connection.scalar(last.where(text(f"progress_id >= {self.rows}"))))

    def close(self) -> None:
        self._shop.database.close()

    def _create(self) -> None:
        tables = self._shop.tables
        tables.metadata.create_all(self._shop.database.engine)
        build_sales_tables("").metadata.create_all(self._shop.database.engine)
        builder = ShopBuilder(self._shop, self.url, now=NOW)
        builder.config("customer_segmentation/email_automation/enabled", "0")
        builder.config("customer_segmentation/segmail/enabled", "1")
        for number in range(1, _SEGMENTS + 1):
            segment = builder.segment(f"Segment {number}")
            for step in range(1, _STEPS + 1):
                builder.step(segment, number=step, delay_minutes=1_440 * step)
        now = f"{NOW:%Y-%m-%d %H:%M:%S}"
        self._run(
            *(f"ALTER TABLE {table} STATS_AUTO_RECALC = 0" for table in self._written()),
            f"INSERT INTO newsletter_queue (queue_id, template_id, newsletter_subject, "
            f"queue_status, queue_start_at, queue_finish_at, automation_source, "
            f"automation_source_id) "
            f"SELECT seq, 1, '{told(_REASON)}', 2, '{now}', '{now}', '{SOURCE}', 1 "
            f"FROM seq_1_to_{_REASONS}",
            f"INSERT INTO core_config_data (scope, scope_id, path, value) SELECT 'default', 0, "
            f"CONCAT('customer_segmentation/segmail/reason/', seq, '/a'), seq "
            f"FROM seq_1_to_{_REASONS}",
        )  # fmt: skip

    def _add(self, first: int, last: int) -> None:
        began = f"'{NOW - timedelta(_DAYS):%Y-%m-%d %H:%M:%S}'"
        seconds = _DAYS * 86_400
        at = f"TIMESTAMPADD(SECOND, FLOOR(n * {seconds} / {self.rows}), {began})"
        numbers = f"(SELECT CAST(seq AS SIGNED) AS n FROM seq_{first}_to_{last}) AS numbers"
        queue = f"n + {_REASONS}"
        self._run(
            "SET unique_checks = 0, foreign_key_checks = 0",
            f"INSERT INTO newsletter_queue (queue_id, template_id, newsletter_text, "
            f"newsletter_subject, queue_status, queue_start_at, queue_finish_at, "
            f"automation_source, automation_source_id) SELECT {queue}, {_STEP}, 'text', 'Hello', "
            f"3, {at}, {at}, 'customer_segmentation', {_SEGMENT} FROM {numbers} "
            f"WHERE {_STATUS} IN ('sent', 'failed')",
            f"INSERT INTO newsletter_queue_link (queue_id, subscriber_id, letter_sent_at) "
            f"SELECT {queue}, n % {_CUSTOMERS} + 1, {at} FROM {numbers} WHERE {_STATUS} = 'sent'",
            f"INSERT INTO newsletter_problem (subscriber_id, queue_id, problem_error_text) "
            f"SELECT n % {_CUSTOMERS} + 1, {queue}, IF(n % 1000 = 1, 'interrupted: who knows', "
            f"'550 5.1.1 No such user') FROM {numbers} WHERE {_STATUS} = 'failed'",
            f"INSERT INTO {self._progress} (customer_id, segment_id, sequence_id, step_number, "
            f"trigger_type, queue_id, status, created_at, scheduled_at, sent_at) "
            f"SELECT n % {_CUSTOMERS} + 1, {_SEGMENT}, {_STEP}, n % {_STEPS} + 1, 'enter', "
            f"CASE {_STATUS} WHEN 'scheduled' THEN NULL "
            f"WHEN 'skipped' THEN IF(n % 2, n % {_REASONS} + 1, NULL) ELSE {queue} END, "
            f"{_STATUS}, TIMESTAMPADD(DAY, -1 - n % {_STEPS}, {at}), "
            f"IF({_STATUS} = 'scheduled', TIMESTAMPADD(DAY, {_DAYS} + 1, {at}), {at}), "
            f"IF({_STATUS} = 'sent', {at}, NULL) FROM {numbers}",
        )  # fmt: skip

    def _written(self) -> list[str]:
        tables = self._shop.tables
        written = (tables.progress, tables.queue, tables.queue_link, tables.problem)
        return [table.name for table in written]

    def _run(self, *statements: str) -> None:
        run(self.url, *statements)


def _people() -> list[str]:
    now = f"'{NOW - timedelta(200):%Y-%m-%d %H:%M:%S}'"
    people = f"seq_1_to_{_CUSTOMERS}"
    return [
        "INSERT INTO customer_entity (entity_id, email, website_id, store_id, group_id, "
        "is_active, created_at, updated_at) SELECT seq, CONCAT('customer', seq, "
        f"'@example.test'), 1, 1, 1, 1, {now}, {now} FROM {people}",
        "INSERT INTO newsletter_subscriber (subscriber_id, store_id, customer_id, "
        "subscriber_email, subscriber_status, change_status_at) SELECT seq, 1, seq, "
        "CONCAT('customer', seq, '@example.test'), IF(seq % 50, 1, 3), "
        f"TIMESTAMPADD(HOUR, seq % 4800, {now}) FROM {people}",
        "INSERT INTO customer_segment_customer (segment_id, customer_id, website_id, added_at, "
        f"updated_at) SELECT 1, seq, 1, {now}, {now} FROM {people}",
    ]


def _orders(rows: int) -> list[str]:
    """One order for each thirty mails, spread over the days."""
    number = max(1, rows // 30)
    began = f"'{NOW - timedelta(_DAYS):%Y-%m-%d %H:%M:%S}'"
    return [
        "INSERT INTO sales_flat_order (entity_id, state, store_id, customer_id, created_at, "
        "base_grand_total, base_currency_code) SELECT seq, 'complete', 1, "
        f"seq * 7919 % {_CUSTOMERS} + 1, TIMESTAMPADD(SECOND, FLOOR(seq * {_DAYS * 86_400} / "
        f"{number}), {began}), 20 + seq % 100, 'EUR' FROM seq_1_to_{number}"
    ]
