"""Which progress records are old, and how they are deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from segmail.janitor import count_old_progress, delete_old_progress, old_progress
from segmail.janitor.old_progress import old_progress_ids
from segmail.maho.policies import OnReentry
from segmail.maho.repeats import Repeat
from segmail.maho.schema.tables import Layout
from segmail.maho.step_policies import StepPolicy, save_step_policy
from segmail.segments.conditions.write import conditions_as_json
from tests.database.refresh.refreshing import decide
from tests.sales_builder import every, leaf
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment(), max_sends=0)


def ended(shop: ShopBuilder, step: int, status: str, **days_ago: float | None) -> int:
    """Insert a record whose times are so many days ago; None: no such time."""
    times: dict[str, Any] = {
        name: None if days is None else shop.now - timedelta(days=days)
        for name, days in {"created_at": 200, "scheduled_at": 200, **days_ago}.items()
    }
    return shop.due(step, shop.customer(), status=status, **times)


def remaining(shop: ShopBuilder) -> set[int]:
    return {row["progress_id"] for row in shop.rows(shop.tables.progress)}


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("status", ["sent", "failed", "skipped"])
def test_finished_records_older_than_the_days_are_deleted(
    shop: ShopBuilder, step: int, status: str, now: datetime
) -> None:
    ended(shop, step, status, sent_at=91)
    young = ended(shop, step, status, sent_at=89)

    assert delete_old_progress(shop.shop, days=90, now=now, all_=True) == 1
    assert remaining(shop) == {young}


def test_scheduled_records_stay_however_old_they_are(shop: ShopBuilder, step: int) -> None:
    held = ended(shop, step, "scheduled", created_at=400, scheduled_at=400)

    assert delete_old_progress(shop.shop, days=0, now=shop.now) == 0
    assert remaining(shop) == {held}


def test_a_step_sent_after_a_long_delay_is_kept_for_its_days(shop: ShopBuilder, step: int) -> None:
    sent = ended(shop, step, "sent", created_at=120, scheduled_at=1, sent_at=1)

    assert delete_old_progress(shop.shop, days=90, now=shop.now) == 0
    assert remaining(shop) == {sent}


def test_a_record_without_a_sending_time_is_as_old_as_its_schedule(
    shop: ShopBuilder, step: int
) -> None:
    ended(shop, step, "failed", scheduled_at=91)
    ended(shop, step, "skipped", scheduled_at=None)
    young = ended(shop, step, "skipped", scheduled_at=10)

    assert delete_old_progress(shop.shop, days=90, now=shop.now) == 2
    assert remaining(shop) == {young}


def test_exactly_as_old_as_the_days_is_not_older(shop: ShopBuilder, step: int) -> None:
    ended(shop, step, "sent", sent_at=90)

    assert delete_old_progress(shop.shop, days=90, now=shop.now) == 0


def test_counting_deletes_nothing(shop: ShopBuilder, step: int) -> None:
    old = ended(shop, step, "sent", sent_at=100)

    assert count_old_progress(shop.shop, days=90, now=shop.now) == 1
    assert remaining(shop) == {old}


def test_queue_rows_and_coupons_stay(shop: ShopBuilder, step: int) -> None:
    queue_id = shop.insert(shop.tables.queue, template_id=shop.template())
    shop.insert(shop.tables.coupon, rule_id=shop.rule(), code="X", created_at=shop.now)
    shop.change(
        shop.tables.progress,
        {"progress_id": ended(shop, step, "sent", sent_at=100)},
        queue_id=queue_id,
    )

    delete_old_progress(shop.shop, days=90, now=shop.now)

    assert [row["queue_id"] for row in shop.rows(shop.tables.queue)] == [queue_id]
    assert len(shop.rows(shop.tables.coupon)) == 1


def test_many_records_are_deleted_in_batches(
    shop: ShopBuilder, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_progress, "_BATCH", 100)
    template = shop.progress(ended(shop, step, "sent", sent_at=100))
    del template["progress_id"]
    shop.insert_all(
        shop.tables.progress,
        [{**template, "status": ("sent", "scheduled")[n % 2]} for n in range(440)],
    )
    batches: list[int] = []

    deleted = delete_old_progress(shop.shop, days=90, now=shop.now, advance=batches.append)

    assert deleted == 221
    assert batches == [100, 100, 21]
    assert count_old_progress(shop.shop, days=90, now=shop.now) == 0


def test_each_batch_goes_on_where_the_last_one_ended(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    query = old_progress_ids(shop.tables, shop.now, after_id=1_000)

    with shop.database.engine.connect() as connection:
        sql = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        [plan] = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sql}").mappings()

    assert (plan["type"], plan["key"]) == ("range", "PRIMARY")
    assert "filesort" not in plan["Extra"]


@pytest.mark.parametrize("layout", Layout)
def test_what_max_sends_is_counted_from_stays(shop: ShopBuilder, now: datetime) -> None:
    twice, always = (shop.step(shop.segment(str(n)), max_sends=n) for n in (2, 0))
    ada, bob = shop.customer(), shop.customer()
    old = {name: now - timedelta(days=200) for name in ("created_at", "scheduled_at", "sent_at")}
    rows = [shop.due(twice, ada, status="sent", **old) for _ in range(3)]
    shop.due(twice, ada, status="skipped", **old)
    shop.due(twice, bob, status="failed", **old)
    shop.due(always, ada, status="sent", **old)

    assert count_old_progress(shop.shop, days=90, now=now) == 4
    assert delete_old_progress(shop.shop, days=90, now=now) == 4
    assert remaining(shop) == set(rows[1:])
    assert delete_old_progress(shop.shop, days=90, now=now, all_=True) == 2


def test_never_is_remembered_by_the_newest_row(shop: ShopBuilder, now: datetime) -> None:
    segment = shop.segment()
    first, second = (shop.step(segment, number=n, max_sends=0) for n in (1, 2))
    decide(shop, segment, on_reentry=OnReentry.NEVER)
    ada = shop.customer()
    old = {name: now - timedelta(days=200) for name in ("created_at", "scheduled_at")}
    shop.due(first, ada, status="skipped", **old)
    newest = shop.due(second, ada, status="failed", **old)

    assert delete_old_progress(shop.shop, days=90, now=now) == 1
    assert remaining(shop) == {newest}


def test_of_each_entry_only_the_newest_run_is_counted(shop: ShopBuilder, now: datetime) -> None:
    segment = shop.segment()
    step, ada = shop.step(segment), shop.customer()
    decide(shop, segment, on_reentry=OnReentry("each entry after 300 days"))
    runs = [now - timedelta(days=days) for days in (400, 200)]
    sent = {"status": "sent", "scheduled_at": runs[0], "sent_at": runs[0]}
    _, newest = [shop.due(step, ada, created_at=began, **sent) for began in runs]

    assert delete_old_progress(shop.shop, days=90, now=now) == 1
    assert remaining(shop) == {newest}


def test_the_newest_run_that_a_condition_asks_about_stays_whole(
    shop: ShopBuilder, now: datetime
) -> None:
    segment_id = shop.segment("Asked")
    first, second = (shop.step(segment_id, number=n, max_sends=0) for n in (1, 2))
    tree = every(leaf("sequence", "finished", "==", f"{segment_id}:1"))
    shop.segment("Asking", conditions_serialized=conditions_as_json(tree))
    customer_id = shop.customer()
    kept = set()
    for days in (400, 300):
        at = {"created_at": now - timedelta(days=days), "scheduled_at": now - timedelta(days=days)}
        for step, status in ((first, "sent"), (second, "skipped")):
            row = shop.due(step, customer_id, status=status, **at)
            kept |= {row} if days == 300 else set()

    assert delete_old_progress(shop.shop, days=90, now=now) == 2
    assert remaining(shop) == kept


def test_the_run_of_a_repeat_stays_as_long_as_it_waits_to_be_repeated(shop: ShopBuilder) -> None:
    segment = shop.segment()
    steps = [shop.step(segment, number=number, max_sends=0) for number in (1, 2)]
    policy = StepPolicy(repeat=Repeat.read("every month"))
    shop.shop.transact(lambda tx: save_step_policy(tx, steps[1], policy))
    running, over = shop.customer(), shop.customer()
    old = {"created_at": shop.now - timedelta(days=200), "scheduled_at": shop.now - timedelta(120)}
    kept = {shop.due(step, running, **old, status="sent") for step in steps}
    kept.add(shop.due(steps[1], running, created_at=old["created_at"], scheduled_at=shop.now))
    for step in steps:
        shop.due(step, over, **old, status="sent")

    assert delete_old_progress(shop.shop, days=90, now=shop.now) == 2
    assert remaining(shop) == kept
