"""What `report` and the lists read beside a long history: not the rows that nobody asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, select, text

from segmail.maho import progress
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.open_attempts import remember_oldest
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import run_tuning
from segmail.report import Activity, ReportScope, Window, collect_activity, is_slow
from segmail.segments.overview import list_segments
from segmail.sequences.overview import list_steps
from segmail.settings import Settings
from segmail.status.collect import collect_status
from tests.conftest import NOW, Databases
from tests.database.long_table import fill
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder
from tests.tuning import tuning_undone

_ROWS = 20_000
_HOUR = timedelta(hours=1)


@pytest.fixture(
    scope="module",
    params=[pytest.param(True, marks=pytest.mark.thorough), False],
    ids=["fresh", "stale"],
)
def filled(databases: Databases, request: pytest.FixtureRequest) -> Iterator[ShopBuilder]:
    """A row a minute for two weeks, of four segments; the server's counts may be old."""
    with databases.shop("mariadb", Layout.SHIPPED, "long_", NOW) as shop:
        create_sales_tables(shop)
        fill(shop, segments=4, analyzed=request.param, rows=_ROWS)
        yield shop


@pytest.fixture
def long_shop(filled: ShopBuilder) -> Iterator[ShopBuilder]:
    """This shop; what a test adds is taken away after it."""
    yield filled
    t = filled.tables
    orders = build_sales_tables(t.prefix).order
    filled.database.transact(
        lambda c: (
            c.execute(t.progress.delete().where(t.progress.c.progress_id > _ROWS)),
            c.execute(orders.delete()),
        )
    )


@pytest.fixture
def tuned(long_shop: ShopBuilder) -> Iterator[ShopBuilder]:
    with tuning_undone(long_shop.database, long_shop.tables.prefix) as statements:
        run_tuning(long_shop.database, statements)
        yield long_shop


@pytest.mark.parametrize("scope", [None, ReportScope()], ids=["daily line", "all"])
def test_a_report_reads_what_happened_and_what_waits(
    tuned: ShopBuilder, scope: ReportScope | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MANY", 1_000)
    window = Window(tuned.now - _HOUR, tuned.now)

    def report() -> None:
        collect_activity(tuned.shop, window, now=tuned.now, scope=scope, lateness=24 * _HOUR)

    assert 300 < rows_read_by(tuned, report) < 2_000
    assert not is_slow(tuned.shop)


def test_counts_are_the_same_however_their_rows_are_found(
    tuned: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in (-2, 30):
        tuned.due(1, 1, created_at=tuned.now, scheduled_at=tuned.now + hours * _HOUR)
    window = Window(tuned.now - _HOUR, tuned.now)

    def counts() -> Activity:
        return collect_activity(tuned.shop, window, now=tuned.now, lateness=24 * _HOUR)

    by_mahos = counts()
    monkeypatch.setattr(progress, "_MANY", 1_000)

    assert counts() == by_mahos
    assert by_mahos.counts.postponed
    assert by_mahos.counts.overdue


def test_revenue_is_the_same_however_its_mails_are_found(
    tuned: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(tuned.now - _HOUR, tuned.now)
    orders = build_sales_tables(tuned.tables.prefix).order
    for customer in (3, 4, 5):
        tuned.insert(
            orders, customer_id=customer, store_id=1, state="complete",
            created_at=tuned.now - timedelta(minutes=2), base_grand_total=customer,
            base_currency_code="EUR",
        )  # fmt: skip
    found: list[Activity] = []

    def report() -> None:
        found.append(collect_activity(tuned.shop, window, now=tuned.now, scope=ReportScope()))

    report()
    monkeypatch.setattr(progress, "_MANY", 1_000)
    by_its_own = rows_read_by(tuned, report)

    assert found[0].revenue == found[1].revenue
    assert found[1].revenue is not None
    assert found[1].revenue.by_mail.sums == {"EUR": 12}
    assert by_its_own < 1_500  # each of the three has 400 rows


def test_without_the_index_a_report_reads_what_was_due_lately(
    long_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MANY", 1_000)
    window = Window(long_shop.now - _HOUR, long_shop.now)

    def report() -> None:
        found = collect_activity(long_shop.shop, window, now=long_shop.now, lateness=24 * _HOUR)
        assert found.counts.sent == 59  # of 60, one failed

    assert 300 < rows_read_by(long_shop, report) < 5_000  # of 20,000, a day and an hour
    assert is_slow(long_shop.shop)


def test_lists_beside_a_long_history_count_what_waits(
    long_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MANY", 1_000)

    def lists() -> None:
        steps = list_steps(long_shop.shop)
        segments = list_segments(long_shop.shop, now=long_shop.now)
        assert [step.progress["sent"] for step in steps] == [None] * 4
        assert sum(step.progress["scheduled"] or 0 for step in steps) == _ROWS // 100
        assert [(one.sent, one.pending) for one in segments] == [(None, _ROWS // 400)] * 4

    def status() -> None:
        with long_shop.read() as tx:
            config = StoreConfig.load(tx)
        folder = Path("nowhere")
        found = collect_status(long_shop.shop, config, Settings(folder), now=long_shop.now)
        assert sum(one.scheduled for one in found.segments) == _ROWS // 100

    long_shop.transact(lambda tx: remember_oldest(tx, []))
    assert rows_read_by(long_shop, lists) < 2_000
    assert (
        rows_read_by(long_shop, status) < 12_000
    )  # of 40,000: the newest of the queue may be open
    counted = list_steps(long_shop.shop, totals=True)
    assert sum(step.progress["sent"] or 0 for step in counted) == _ROWS * 98 // 100


def test_waiting_rows_are_read_by_mahos_index_whatever_the_statistics_say(
    long_shop: ShopBuilder,
) -> None:
    c = long_shop.tables.progress.c
    with long_shop.read() as tx:
        query = progress.along_pending(
            tx, select(c.status).where(progress.is_pending_in(tx.tables, [1, 2]))
        )
        explained = text(f"EXPLAIN FORMAT=TRADITIONAL {_written_out(query, tx)}")
        plan = tx.connection.execute(explained).mappings().one()

    assert "FORCE INDEX" in _written_out(query, tx)
    assert (plan["key"], plan["type"]) == (plan["possible_keys"], "range")


def _written_out(query: Select[Any], tx: Transaction) -> str:
    return str(query.compile(tx.connection, compile_kwargs={"literal_binds": True}))


def rows_read_by(shop: ShopBuilder, work: Callable[[], None]) -> int:
    """Return how many rows the server reads for transactions one after another.

    They get the pool's only connection, whose counters are asked before and after.
    """
    with shop.shop.read() as tx:
        tx.connection.exec_driver_sql("FLUSH STATUS")
    work()
    with shop.shop.read() as tx:
        found = tx.connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read_%%'").all()
    return sum(int(count) for _, count in found)
