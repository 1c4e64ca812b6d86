"""What unsubscribed and deleted customers leave behind."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData, Table, text

from segmail.maho.schema.tables import Layout
from segmail.segments.refresh.sweep import Swept, sweep_up
from tests.database.refresh.refreshing import count
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_scheduled_steps_of_unsubscribed_customers_are_skipped(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment(automation=False))
    ada = shop.due(step, shop.customer())
    bob = shop.customer("bob@example.test", subscribed=False)
    shop.subscriber(bob, "bob@example.test", status=3)
    waiting, sent = shop.due(step, bob), shop.due(step, bob, status="sent")

    told = sweep_up(shop.shop, now=shop.now, dry_run=True)

    assert told == sweep_up(shop.shop, now=shop.now) == Swept(unsubscribed=1, orphans=0)
    assert [shop.status(id) for id in (ada, waiting, sent)] == ["scheduled", "skipped", "sent"]
    assert sweep_up(shop.shop, now=shop.now) == Swept(0, 0)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_deleted_customer_leaves_nothing_behind_where_foreign_keys_are_missing(
    shop: ShopBuilder,
) -> None:
    step = shop.step(shop.segment())
    ada, bob = shop.customer(), shop.customer()
    without_foreign_keys(shop, shop.tables.progress)
    without_foreign_keys(shop, shop.tables.member)
    for customer_id in (ada, bob):
        shop.due(step, customer_id, status="sent")
        add_member(shop, customer_id)
    delete = shop.tables.customer.delete().where(shop.tables.customer.c.entity_id == ada)
    shop.database.transact(lambda c: c.execute(delete))

    told = sweep_up(shop.shop, now=shop.now, dry_run=True)

    assert told == sweep_up(shop.shop, now=shop.now) == Swept(unsubscribed=0, orphans=2)
    assert {row["customer_id"] for row in shop.rows(shop.tables.progress)} == {bob}
    assert {row["customer_id"] for row in shop.rows(shop.tables.member)} == {bob}


def test_many_rows_are_swept_in_batches(shop: ShopBuilder) -> None:
    row = shop.progress(shop.due(shop.step(shop.segment()), shop.customer(subscribed=False)))
    del row["progress_id"]
    shop.insert_all(shop.tables.progress, [row] * 2_100)

    assert sweep_up(shop.shop, now=shop.now) == Swept(unsubscribed=2_101, orphans=0)
    assert (
        count(shop, shop.tables.progress.select().where(text("status = 'scheduled'")).subquery())
        == 0
    )


def add_member(shop: ShopBuilder, customer_id: int) -> None:
    row = {"segment_id": 1, "customer_id": customer_id, "website_id": 1}
    times = {"added_at": shop.now, "updated_at": shop.now}
    shop.insert_all(shop.tables.member, [{**row, **times}])


def without_foreign_keys(shop: ShopBuilder, table: Table) -> None:
    """Make the empty table anew as a shop has it whose foreign keys were lost."""
    bare = table.to_metadata(MetaData(), referred_schema_fn=None)
    for constraint in list(bare.foreign_key_constraints):
        bare.constraints.discard(constraint)
    for index in list(bare.indexes):
        bare.indexes.discard(index)
    table.drop(shop.database.engine)
    bare.create(shop.database.engine)
