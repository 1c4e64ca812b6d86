"""What the history tells of each step, in which order, and by which indexes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from segmail.errors import InputError
from segmail.history import query
from segmail.history.entries import HistoryEntry
from segmail.history.listing import tell_history
from segmail.history.query import HistoryFilter, candidate_queries, find_access_paths
from segmail.history.selection import HistoryScope
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.schema.tables import Layout
from segmail.settings import DeliverySettings
from tests.conftest import NOW
from tests.database.history.failed import INTERRUPTED, failed, problem
from tests.database.long_table import fill, rows_read
from tests.each_case import for_each
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder
from tests.smtp_server import scripted_server

pytestmark = pytest.mark.both_engines

WEEK = timedelta(days=7)


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"), shop.template(code="Welcome"))


def told(shop: ShopBuilder, **asked: Any) -> list[HistoryEntry]:
    whose = {name: asked.pop(name) for name in ("customer", "segment", "step") if name in asked}
    chosen = HistoryFilter(**asked)
    return tell_history(shop.shop, **whose, chosen=chosen, now=shop.now, lateness=WEEK)


def ids(shop: ShopBuilder, **asked: Any) -> list[int]:
    return [entry.progress_id for entry in told(shop, **asked)]


def sent(shop: ShopBuilder, step: int, *, hours: float, due: float | None = None) -> int:
    """Insert a row that was sent so many hours ago, with its attempt."""
    at = shop.now - timedelta(hours=hours)
    queue = shop.insert(
        shop.tables.queue,
        template_id=1,
        newsletter_subject="Hello Ada",
        queue_status=QueueStatus.SENT,
        queue_finish_at=at,
    )
    due_at = at if due is None else shop.now - timedelta(hours=due)
    return shop.due(
        step, shop.customer(), status="sent", sent_at=at, scheduled_at=due_at, queue_id=queue
    )


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("prefix", ["", "m_"])
def test_a_sent_step_is_told_with_its_letter_and_coupon(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template("<p>{{var coupon_code}}</p>", code="Welcome")
    step = shop.step(shop.segment("VIP"), template, rule_id=shop.rule(), coupon_prefix="VIP")
    progress = shop.due(step, shop.customer("ada@example.test"))
    run_emails()

    [entry] = told(shop)

    row, coupon = shop.progress(progress), shop.row(shop.tables.coupon)["code"]
    assert (entry.progress_id, entry.email, entry.step) == (
        progress,
        "ada@example.test",
        "VIP:enter:1",
    )
    assert (entry.outcome, entry.status, entry.at, entry.tries) == ("sent", "sent", shop.now, 1)
    assert (entry.template, entry.subject, entry.coupon_code) == ("Welcome", "Hello Ada", coupon)
    assert (entry.queue_id, entry.reason, entry.next_try_at) == (row["queue_id"], None, None)


def test_a_deferred_step_is_told_with_its_tries_and_the_next_one(
    shop: ShopBuilder, run_emails: Runner, step: int
) -> None:
    progress = shop.due(step, shop.customer())
    run_emails.delivery = DeliverySettings(attempts=3)
    with scripted_server({"RCPT": "451 4.3.0 Try later"}) as server:
        for hour in range(2):
            now = shop.now + timedelta(hours=hour)
            run_emails(smtp_url=server.url("starttls=never"), now=now)

    [entry] = told(shop, status="deferred")

    assert (entry.outcome, entry.status, entry.tries) == ("deferred", "scheduled", 2)
    assert "451" in (entry.reason or "")
    assert entry.at == shop.now + timedelta(hours=1)
    assert entry.next_try_at == shop.progress(progress)["scheduled_at"]


def test_a_failed_step_is_told_with_its_reason_and_all_its_tries(
    shop: ShopBuilder, step: int
) -> None:
    row = failed(shop, step, "451 Try later")
    problem(shop, shop.progress(row)["queue_id"], INTERRUPTED)

    [entry] = told(shop)

    assert (entry.outcome, entry.status, entry.reason) == ("interrupted", "failed", INTERRUPTED)
    assert (entry.tries, entry.problems) == (2, ("451 Try later", INTERRUPTED))


def test_a_step_that_a_person_scheduled_again_is_told_so(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step)
    queue = shop.progress(row)["queue_id"]
    problem(shop, queue, "scheduled again by segmail retry at 2026-03-10 12:00 UTC")
    shop.change(shop.tables.progress, {"progress_id": row}, status="scheduled")

    [entry] = told(shop)

    assert (entry.outcome, entry.tries) == ("retried", 1)
    assert entry.reason == "scheduled again by segmail retry at 2026-03-10 12:00 UTC"


@pytest.mark.parametrize("retried", [True, False])
def test_the_database_does_not_know_why_a_step_was_skipped(
    shop: ShopBuilder, step: int, retried: bool
) -> None:
    if retried:
        row = failed(shop, step, "550 No such user")
        shop.change(shop.tables.progress, {"progress_id": row}, status="skipped")
    else:
        shop.due(step, shop.customer(), status="skipped")

    [entry] = told(shop)

    assert (entry.outcome, entry.reason) == ("skipped", None)


def test_an_attempt_in_flight_is_under_way(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step, None, queue_status=QueueStatus.PAUSE)
    shop.change(shop.tables.progress, {"progress_id": row}, status="scheduled")

    assert told(shop)[0].outcome == "under way"


def test_the_newest_is_first_by_when_it_happened(shop: ShopBuilder, step: int) -> None:
    old, late = sent(shop, step, hours=5), sent(shop, step, hours=1, due=90)
    skipped = shop.due(
        step, shop.customer(), status="skipped", scheduled_at=shop.now - timedelta(hours=2)
    )

    assert ids(shop) == [late, skipped, old]
    assert ids(shop, limit=2) == [late, skipped]
    assert ids(shop, segment="VIP", limit=1) == ids(shop, step="VIP:enter:1", limit=1) == [late]


def test_what_is_not_due_yet_is_told_of_one_customer_or_on_demand(
    shop: ShopBuilder, step: int
) -> None:
    customer = shop.customer("ada@example.test")
    waits = shop.due(step, customer, scheduled_at=shop.now + timedelta(days=3))

    assert ids(shop) == []
    assert ids(shop, customer="ada@example.test") == ids(shop, status="scheduled") == [waits]
    assert told(shop, customer=str(customer))[0].due_at == shop.now + timedelta(days=3)


def test_a_window_is_about_when_steps_happened(shop: ShopBuilder, step: int) -> None:
    rows = [sent(shop, step, hours=hours, due=hours + 24) for hours in (3, 2, 1)]
    shop.due(step, shop.customer(), scheduled_at=shop.now + timedelta(hours=1))
    hour_ago, two = shop.now - timedelta(hours=1), shop.now - timedelta(hours=2)

    assert ids(shop, since=two) == [rows[2], rows[1]]
    assert ids(shop, until=hour_ago) == [rows[1], rows[0]]
    assert ids(shop, since=two, until=hour_ago) == [rows[1]]
    assert ids(shop, since=two, until=hour_ago, status="failed") == []


@pytest.mark.parametrize("layout", Layout)
def test_each_status_finds_its_own(shop: ShopBuilder, step: int) -> None:
    row = sent(shop, step, hours=1)
    refused, unknown = failed(shop, step), failed(shop, step, INTERRUPTED)
    deferred = failed(shop, step, "451 Try later")
    shop.change(shop.tables.progress, {"progress_id": deferred}, status="scheduled")
    skipped = shop.due(step, shop.customer(), status="skipped")

    assert ids(shop, status="sent") == [row]
    assert ids(shop, status="failed") == [unknown, refused]
    assert ids(shop, status="interrupted") == [unknown]
    assert ids(shop, status="deferred") == ids(shop, status="scheduled") == [deferred]
    assert ids(shop, status="skipped") == [skipped]


def test_a_row_without_any_time_is_told_of_its_customer(shop: ShopBuilder, step: int) -> None:
    row = shop.due(step, shop.customer("ada@example.test"), scheduled_at=None)

    assert ids(shop, customer="ada@example.test") == [row]


def test_an_empty_window_is_an_error(shop: ShopBuilder) -> None:
    with pytest.raises(InputError, match="Nothing lies between"):
        told(shop, since=shop.now, until=shop.now)


def test_the_number_of_statements_does_not_grow(shop: ShopBuilder, step: int) -> None:
    for hours in range(20):
        sent(shop, step, hours=hours)
        failed(shop, step)
    statements: list[str] = []
    event.listen(shop.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))

    assert len(told(shop)) == 40
    assert len([sql for sql in statements if sql.startswith("SELECT")]) <= 6


@pytest.fixture
def long_shop(mariadb_shop: ShopBuilder) -> ShopBuilder:
    """A shop with a long history."""
    fill(mariadb_shop)
    return mariadb_shop


@for_each(
    "chosen",
    [
        HistoryFilter(HistoryScope(customer_id=1)),
        HistoryFilter(),
        HistoryFilter(status="sent"),
        HistoryFilter(since=NOW - timedelta(hours=2), until=NOW - timedelta(hours=1)),
        HistoryFilter(status="scheduled"),
        HistoryFilter(status="failed"),
        HistoryFilter(status="deferred"),
        HistoryFilter(status="interrupted"),
    ],
    ids=["customer", "newest", "sent", "window", "scheduled", "failed", "deferred", "interrupted"],
)
def test_only_a_part_of_a_long_table_is_read(long_shop: ShopBuilder, chosen: HistoryFilter) -> None:
    assert 0 < _rows_read(long_shop, chosen) < 500


def _rows_read(shop: ShopBuilder, chosen: HistoryFilter, *, least: int = 50) -> int:
    """Return how many rows, of tables and indexes, the server reads to find the candidates."""
    with shop.read() as tx:
        paths = find_access_paths(tx, chosen)
        queries = candidate_queries(
            shop.tables, chosen, paths, now=shop.now, lateness=timedelta(hours=1)
        )
        found: list[int] = []
        read = rows_read(
            tx.connection,
            lambda: found.extend(i for q in queries for i in tx.connection.scalars(q)),
        )
    assert len(found) >= least or chosen.status in ("interrupted", "deferred")
    return read


def test_many_failed_rows_are_walked_to_from_the_newest(
    mariadb_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(mariadb_shop)
    chosen = HistoryFilter(status="failed", limit=5)
    by_sorting_all = ids(mariadb_shop, status="failed", limit=5)

    monkeypatch.setattr(query, "_FEW", 10)

    assert ids(mariadb_shop, status="failed", limit=5) == by_sorting_all
    assert _rows_read(mariadb_shop, chosen, least=5) < 2_500  # of 5,000, in three tables


def test_interrupted_rows_are_found_by_what_is_told_of_them(mariadb_shop: ShopBuilder) -> None:
    fill(mariadb_shop)
    rows = mariadb_shop.rows(mariadb_shop.tables.progress, status="failed")
    for row in rows:
        problem(mariadb_shop, row["queue_id"], "451 Try later")
    for row in rows[:10]:
        problem(mariadb_shop, row["queue_id"], INTERRUPTED)
    problem(mariadb_shop, rows[0]["queue_id"], "550 No such user")

    found = ids(mariadb_shop, status="interrupted")

    assert sorted(found) == [row["progress_id"] for row in rows[1:10]]
    read = _rows_read(mariadb_shop, HistoryFilter(status="interrupted", limit=5), least=5)
    assert read < 100


def test_a_step_that_was_skipped_before_it_was_due_is_found_by_its_status(
    shop: ShopBuilder, step: int
) -> None:
    early = shop.due(step, shop.customer(), status="skipped", scheduled_at=NOW + timedelta(days=3))

    assert ids(shop, status="skipped") == [early]
