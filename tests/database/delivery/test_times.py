"""Times on a server in another zone (the test server runs at -03:00), with both column types."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

TIMES = {
    "customer_segment_sequence_progress": ("created_at", "scheduled_at", "sent_at"),
    "newsletter_queue": ("queue_start_at", "queue_finish_at"),
    "newsletter_queue_link": ("letter_sent_at",),
    "salesrule_coupon": ("created_at", "expiration_date"),
}


def make_timestamps(shop: ShopBuilder, kind: str) -> None:
    """Give the columns the type they have in Maho up to 26.3."""
    for table, columns in TIMES.items():
        for column in columns:
            change = text(f"ALTER TABLE {table} MODIFY {column} {kind} NULL")
            shop.database.transact(lambda c, change=change: c.execute(change))  # type: ignore[misc]


def test_timestamp_columns_hold_the_same_literals_as_datetime_columns(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner
) -> None:
    shop = mariadb_shop
    make_timestamps(shop, "TIMESTAMP")
    step = shop.step(shop.segment(), rule_id=shop.rule())
    due, later = (
        shop.due(step, shop.customer()),
        shop.due(step, shop.customer(), scheduled_at=shop.now + timedelta(seconds=5)),
    )

    try:
        mariadb_runner()

        with shop.database.read() as connection:
            queue = connection.execute(text("SELECT * FROM newsletter_queue")).mappings().one()
            progress = (
                connection.execute(text("SELECT * FROM customer_segment_sequence_progress"))
                .mappings()
                .all()
            )
        assert str(queue["queue_finish_at"]) == "2026-03-10 12:00:00"
        assert [(str(row["scheduled_at"]), str(row["sent_at"])) for row in progress] == [
            ("2026-03-10 11:59:00", "2026-03-10 12:00:00"),
            ("2026-03-10 12:00:05", "None"),
        ]
        assert (shop.status(due), shop.status(later)) == ("sent", "scheduled")
    finally:
        make_timestamps(shop, "DATETIME")
