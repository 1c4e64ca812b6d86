"""Claims: committed before anything is sent, through the index, never the same row twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from segmail.delivery.rows.claim import Claimer
from segmail.maho.schema.tune import run_tuning
from segmail.maho.steps import load_steps
from tests.shop_builder import ShopBuilder
from tests.tuning import tuning_undone

pytestmark = pytest.mark.both_engines

LEASE = timedelta(minutes=15)


def claimer(shop: ShopBuilder) -> Claimer:
    with shop.read() as tx:
        steps = {step.sequence_id: step for step in load_steps(tx)}
    return Claimer(shop.shop, steps, lease=LEASE)


def test_a_claimed_row_is_pushed_forward_by_the_lease(shop: ShopBuilder) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    [row] = claimer(shop).claim(now=shop.now, limit=10)

    stored = shop.progress(progress)
    assert (stored["status"], stored["scheduled_at"]) == ("scheduled", shop.now + LEASE)
    assert row.scheduled_at == shop.now - timedelta(minutes=1)


def test_a_second_run_finds_nothing_to_claim_until_the_lease_is_over(shop: ShopBuilder) -> None:
    shop.due(shop.step(shop.segment()), shop.customer())
    claimer(shop).claim(now=shop.now, limit=10)

    early = claimer(shop).claim(now=shop.now + LEASE - timedelta(seconds=1), limit=10)
    late = claimer(shop).claim(now=shop.now + LEASE, limit=10)

    assert early == []
    assert len(late) == 1


def test_one_run_meets_a_row_once_even_if_it_gave_it_back(shop: ShopBuilder) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    run = claimer(shop)
    [row] = run.claim(now=shop.now, limit=10)

    shop.change(shop.tables.progress, {"progress_id": progress}, scheduled_at=row.seen_at)

    assert run.claim(now=shop.now, limit=10) == []


def test_a_look_ahead_over_several_batches_meets_each_row_once_and_takes_none(
    shop: ShopBuilder,
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(5)]
    run = claimer(shop)

    batches = [run.peek(now=shop.now, limit=2) for _ in range(4)]

    assert [row.progress_id for batch in batches for row in batch] == rows
    assert len(claimer(shop).claim(now=shop.now, limit=10)) == 5


def test_rows_of_the_same_second_are_all_claimed_over_several_batches(shop: ShopBuilder) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(5)]
    run = claimer(shop)

    batches = [run.claim(now=shop.now, limit=2) for _ in range(4)]

    assert [row.progress_id for batch in batches for row in batch] == rows


def test_rows_that_a_rival_holds_locked_are_passed_over(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    step = shop.step(shop.segment())
    first, second = shop.due(step, shop.customer()), shop.due(step, shop.customer())
    run, c = claimer(shop), shop.tables.progress.c

    with shop.database.engine.begin() as rival:
        rival.execute(select(c.progress_id).where(c.progress_id == first).with_for_update())
        claimed = run.claim(now=shop.now, limit=10)

    assert [row.progress_id for row in claimed] == [second]


@pytest.mark.parametrize("is_tuned", [False, True], ids=["mahos", "tuned"])
def test_the_claim_walks_the_index_on_scheduled_at(
    mariadb_shop: ShopBuilder, *, is_tuned: bool
) -> None:
    """Any other plan sorts, and so locks, every scheduled row."""
    shop = mariadb_shop
    with tuning_undone(shop.database) as statements:
        run_tuning(shop.database, statements if is_tuned else [])
        assert_claims_walk_an_index(shop, "STATUS_SCHEDULED" if is_tuned else "scheduled_at")


def assert_claims_walk_an_index(shop: ShopBuilder, name: str) -> None:
    step = shop.step(shop.segment())
    shop.insert_all(
        shop.tables.progress,
        [
            {
                "customer_id": customer,
                "segment_id": 1,
                "sequence_id": step,
                "step_number": 1,
                "trigger_type": "enter",
                "status": "sent" if number % 10 else "scheduled",
                "created_at": shop.now,
                "scheduled_at": shop.now - timedelta(seconds=number),
            }
            for customer in [shop.customer()]
            for number in range(3000)
        ],
    )
    run = claimer(shop)

    for _ in range(2):  # the first batch, and one that goes on from its cursor
        query = run.due_query(now=shop.now, limit=100).with_for_update(skip_locked=True)
        sql = query.compile(shop.database.engine, compile_kwargs={"render_postcompile": True})
        with shop.database.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sql}", sql.params)
            [row] = plan.mappings().all()
        assert row["key"] is not None
        assert name in row["key"]
        assert "filesort" not in row["Extra"]
        run.claim(now=shop.now, limit=10)


def test_a_walk_that_begins_at_a_hint_leaves_the_past_alone(shop: ShopBuilder) -> None:
    step, customer = shop.step(shop.segment()), shop.customer()
    shop.due(step, customer, scheduled_at=shop.now - timedelta(days=30))
    new = shop.due(step, customer)

    run = claimer(shop)
    run.look(now=shop.now, most=1, since=shop.now - timedelta(days=1))

    claimed = run.claim(now=shop.now, limit=10)

    assert [row.progress_id for row in claimed] == [new]


def test_a_tuned_index_is_used_where_the_shop_has_one(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    name = shop.tables.progress.name
    shop.database.transact(
        lambda c: c.execute(text(f"CREATE INDEX tuned ON {name} (status, scheduled_at)"))
    )
    try:
        query = claimer(shop).due_query(now=shop.now, limit=1)
        assert "FORCE INDEX (tuned)" in str(query.compile(shop.database.engine))
    finally:
        shop.database.transact(lambda c: c.execute(text(f"DROP INDEX tuned ON {name}")))
