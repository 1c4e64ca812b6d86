"""Whatever stands in a column of one row: no job breaks off, and nobody else's mail is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from segmail.clock import Clock
from segmail.janitor import delete_expired_coupons, delete_old_progress
from segmail.maho.schema.tables import Layout
from segmail.report import Window, collect_activity
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import (
    Choice,
    RefreshOptions,
    RefreshState,
    refresh_segments,
    sweep_up,
)
from tests.database.refresh.refreshing import scheduled
from tests.jobs import Runner
from tests.odd_values import OddShopBuilder
from tests.shop_builder import ShopBuilder

# Few rows, which are the whole shop's: where one is broken, every mail would be wrong.
OF_ALL = {
    *("eav_attribute", "eav_entity_type", "customer_eav_attribute", "eav_attribute_label"),
    *("eav_attribute_option_value", "customer_group", "directory_currency_rate", "cms_block"),
    *("core_variable", "permission_variable", "catalog_product_link_attribute", "tax_calculation"),
    *("sales_order_status", "sales_order_status_label", "tax_calculation_rate"),
    *("tax_calculation_rule", "core_variable_value", "permission_block", "cms_block_store"),
    *("directory_country_region", "cron_schedule"),
}


@contextmanager
def tables_read(shop: ShopBuilder) -> Iterator[set[str]]:
    """Collect the names of the shop's tables in every statement."""
    with shop.database.read() as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        known = {str(name) for name in connection.scalars(text(query))}
    found: set[str] = set()

    def collect(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.update(known & set(re.findall(r"\w+", statement)))

    event.listen(shop.database.engine, "before_cursor_execute", collect)
    yield found
    event.remove(shop.database.engine, "before_cursor_execute", collect)


def test_whatever_one_row_holds_costs_no_other_row_its_due(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner
) -> None:
    shop = mariadb_shop
    built = OddShopBuilder(shop).build()
    odd = {one.number: one for one in built.odd}
    ids = [*built.even, *odd]

    with tables_read(shop) as read:
        ran = mariadb_runner(limit=0)
        sweep_up(shop.shop, now=shop.now)
        refreshed = refresh_segments(
            shop.shop,
            Choice(),
            RefreshOptions(),
            clock=Clock(shop.now),
            matching=matching_by_conditions(),
        )
        delete_expired_coupons(shop.shop, days=30, now=shop.now)
        window = Window(shop.now - timedelta(days=3), shop.now + timedelta(hours=1))
        report = collect_activity(shop.shop, window, now=shop.now)
        status = {row["progress_id"]: row["status"] for row in shop.rows(shop.tables.progress)}
        delete_old_progress(shop.shop, days=0, now=shop.now + timedelta(hours=1), all_=True)

    assert sorted(read - built.tables - OF_ALL) == []
    reasons = {one.row.progress_id: one.reason for one in ran.outcomes}
    assert {odd[id]: told for id, told in reasons.items() if id in odd and "bug" in told} == {}
    assert [status[id] for id in built.even] == ["sent"] * len(built.even)
    # What has no time, or one in the year 9999, is not due, and what is switched off is held.
    left = {odd[id].column for id in ids if status.get(id) == "scheduled"}
    assert left == {"scheduled_at", "is_active"}
    unread = [one for one in refreshed if one.state is not RefreshState.REFRESHED]
    assert {odd[one.segment_id].column for one in unread} == {"conditions_serialized"}
    assert report.counts.sent >= len(ran.messages) > len(odd) * 0.8
    assert len(odd) > 900
    assert len(refreshed) > 80


@pytest.mark.parametrize(
    ("column", "outcome"), [("created_at", "sent"), ("scheduled_at", "skipped")]
)
def test_a_time_that_is_no_moment_does_not_come_due_for_ever(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner, column: str, outcome: str
) -> None:
    shop = mariadb_shop
    rows = [shop.due(shop.step(shop.segment()), shop.customer()) for _ in range(2)]
    _past_the_rules(
        shop,
        f"UPDATE {shop.tables.progress} SET {column} = '0000-00-00 00:00:00' "
        f"WHERE progress_id = {rows[0]}",
    )

    mariadb_runner()
    again = mariadb_runner(now=shop.now + timedelta(minutes=30))

    assert [shop.status(row) for row in rows] == [outcome, "sent"]
    assert again.outcomes == []


@pytest.mark.parametrize("layout", Layout)
def test_a_row_whose_customer_step_segment_or_template_is_gone_ends_with_a_reason(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner
) -> None:
    shop, t = mariadb_shop, mariadb_shop.tables
    kept = shop.due(shop.step(shop.segment()), shop.customer())
    gone = {}
    for table, key in (
        (t.customer, "customer_id"),
        (t.sequence, "sequence_id"),
        (t.segment, "segment_id"),
        (t.template, "template_id"),
    ):
        template = shop.template()
        row = shop.due(shop.step(shop.segment(), template), shop.customer())
        values = {**shop.row(t.progress, progress_id=row), "template_id": template}
        [own_key] = table.primary_key.columns
        _past_the_rules(shop, f"DELETE FROM {table} WHERE {own_key.name} = {values[key]}")
        gone[key] = row

    ran = mariadb_runner()
    sweep_up(shop.shop, now=shop.now)

    assert (shop.status(kept), len(ran.messages)) == ("sent", 1)
    found = {key: _reason(shop, row) for key, row in gone.items()}
    assert found == {
        "customer_id": ("skipped", "Not sent: the customer does not exist any more"),
        "sequence_id": ("skipped", "Not sent: the step does not exist any more"),
        "segment_id": ("skipped", "Not sent: the step does not exist any more"),
        "template_id": ("failed", "Newsletter template 5 does not exist."),
    }
    assert scheduled(shop) == []


def _past_the_rules(shop: ShopBuilder, statement: str) -> None:
    """Carry out a statement as a server does that minds neither values nor references."""
    with shop.database.engine.connect() as connection:
        connection.execute(text("SET sql_mode = '', FOREIGN_KEY_CHECKS = 0"))
        connection.execute(text(statement))
        connection.commit()
        connection.invalidate()  # with its modes


def _reason(shop: ShopBuilder, progress_id: int) -> tuple[str, str]:
    row = shop.row(shop.tables.progress, progress_id=progress_id)
    queue = shop.row(shop.tables.queue, queue_id=row["queue_id"])
    problems = shop.rows(shop.tables.problem, queue_id=row["queue_id"])
    told = problems[0]["problem_error_text"] if problems else queue["newsletter_subject"]
    return row["status"], told
