"""Jobs read no finished rows that they do not need, with statistics and without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, select

from segmail.delivery.rows.claim import Claimer
from segmail.janitor.old_progress import old_progress_ids
from segmail.maho.counted_rows import is_counted_from
from segmail.maho.policies import OnReentry, save_policy
from segmail.maho.repeating import broken_off
from segmail.maho.repeats import Repeat
from segmail.maho.runs import running
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import StepPolicy, save_step_policy
from segmail.maho.steps import Trigger, load_segment_ids, load_steps
from segmail.segments.refresh.changes import find_changes, judge
from segmail.segments.refresh.sweep import other_steps, unsubscribed
from segmail.segments.refresh.task import Movement, load_task
from tests.database.long_table import fill, rows_read
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.parametrize(
    ("segments", "analyzed"),
    [
        (1, True),
        (20, False),
        pytest.param(1, False, marks=pytest.mark.thorough),
        pytest.param(20, True, marks=pytest.mark.thorough),
    ],
)


def plan(shop: ShopBuilder, query: Select[tuple[int]]) -> dict[str, object]:
    """Return what the server says of the progress table."""
    return next(row for row in plans(shop, query) if row["table"] == _NAME)


def plans(shop: ShopBuilder, query: Select[Any]) -> list[dict[str, object]]:
    """Return what the server says of all tables."""
    sql = query.compile(shop.database.engine, compile_kwargs={"render_postcompile": True})
    with shop.database.read() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sql}", sql.params)
        return [dict(row) for row in rows.mappings()]


_NAME = "customer_segment_sequence_progress"
_OTHERS = ("newer", "waiting", "first")  # the table again, for rows of the same customer


def test_the_sweep_finds_waiting_rows_by_segment_trigger_and_status(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    with shop.read() as tx:
        query = unsubscribed(shop.tables, load_segment_ids(tx))
        read = rows_read(tx.connection, lambda: tx.connection.execute(query).all())

    explained = plan(shop, query)
    assert "segment_id" in str(explained["key"])
    assert explained["type"] == "range"  # by more than the segment alone
    assert read < 500  # 50 wait, of 5,000


def test_a_claim_that_goes_on_reads_only_what_is_due_since(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    with shop.read() as tx:
        steps = {step.sequence_id: step for step in load_steps(tx)}
        since = shop.now - timedelta(minutes=200)
        claimer = Claimer(shop.shop, steps, lease=timedelta(minutes=15))
        claimer.look(now=shop.now, most=1, since=since)
        query = claimer.due_query(now=shop.now, limit=100)
        read = rows_read(tx.connection, lambda: tx.connection.execute(query).all())

    explained = plan(shop, query)
    assert "scheduled_at" in str(explained["key"])
    assert "filesort" not in str(explained["Extra"])
    assert read < 500  # 200 of 5,000 were due since


@pytest.mark.parametrize(
    ("max_sends", "reentry"),
    [
        (1, OnReentry("once")),
        (3, OnReentry("never")),
        pytest.param(3, OnReentry("once"), marks=pytest.mark.thorough),
        pytest.param(1, OnReentry("never"), marks=pytest.mark.thorough),
    ],
    ids=str,
)
def test_an_enrolment_reads_the_earlier_rows_of_who_enters_and_no_others(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool, max_sends: int, reentry: OnReentry
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    shop.change(shop.tables.sequence, {"segment_id": 1}, max_sends=max_sends)
    with shop.database.engine.begin() as connection:
        policy = {"on_reentry": reentry}
        save_policy(Transaction(connection, shop.tables), 1, policy)
    again = shop.customer()
    for _ in range(max_sends):
        shop.due(1, again, status="sent", queue_id=1)
    shop.customer()

    with shop.read() as tx:
        task = load_task(tx, 1, enrol=True, now=shop.now)
        newest = select(shop.tables.customer.c.entity_id).where(
            shop.tables.customer.c.entity_id >= again
        )
        find_changes(tx.connection, task, lambda: newest, late_since=None)
        read = rows_read(tx.connection, lambda: judge(tx.connection, task))
        changes = judge(tx.connection, task)

    assert (changes.enrolled, changes.of(Movement.ENTER)) == (1, 2)
    assert read < 600  # of 5,000; MariaDB 11.8 joins in an order that reads twice as many as 10.11


def test_steps_that_are_gone_are_found_without_reading_their_rows(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    with shop.read() as tx:
        query = other_steps(shop.tables, [step.sequence_id for step in load_steps(tx)])
        read = rows_read(tx.connection, lambda: tx.connection.execute(query).all())

    assert read < 200  # of 5,000


def test_rows_of_the_same_customer_are_found_by_the_customer(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    policy = StepPolicy(repeat=Repeat.read("every month"))
    shop.transact(lambda tx: save_step_policy(tx, 1, policy))
    kept = is_counted_from(
        shop.tables, never=[1], by_run=[1], holdout=[1], asked=[1], repeating={1: 0}
    )
    with shop.read() as tx:
        steps = load_steps(tx)
    queries: dict[str, Select[Any]] = {
        "cleanup": old_progress_ids(shop.tables, shop.now, after_id=0, kept=kept),
        "broken off": broken_off(shop.tables, steps),
        "repetitions": running(shop.tables, 1, Trigger.ENTER),
    }

    for name, query in queries.items():
        others = [row for row in plans(shop, query) if row["table"] in _OTHERS]
        assert others, name
        for other in others:
            assert "customer_id" in str(other["key"]), (name, other)
