"""Caps, hours and gaps: who is mailed when, and what becomes of those who must wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from segmail.delivery.rows.outcome import Status
from segmail.history.why import explain
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.recent_mails import load_addresses, recent_mails
from segmail.maho.step_policies import StepPolicy, save_step_policy
from segmail.settings import SendingRuleSettings
from tests.database.long_table import rows_read
from tests.database.refresh.refreshing import decide
from tests.jobs import Ran, Runner
from tests.shop_builder import ShopBuilder

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rules(runner: Runner, **words: str) -> None:
    runner.rules = SendingRuleSettings(**words)


def campaign(shop: ShopBuilder, *customers: int, minutes: int = 1, **policies: Any) -> list[int]:
    """Schedule a campaign of one step for the customers; return the rows."""
    segment = shop.segment()
    decide(shop, segment, **policies)
    step = shop.step(segment)
    at = shop.now - timedelta(minutes=minutes)
    return [shop.due(step, customer, scheduled_at=at, created_at=at) for customer in customers]


def sent(shop: ShopBuilder) -> list[int]:
    return [row["progress_id"] for row in shop.rows(shop.tables.progress, status="sent")]


def reasons(ran: Ran, status: Status = Status.POSTPONED) -> list[str]:
    return [outcome.reason for outcome in ran.outcomes if outcome.status is status]


def test_over_the_cap_is_postponed_to_the_moment_that_is_free(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rules(run_emails, cap="2 per day")
    ada, bob = shop.customer(), shop.customer()
    rows = [campaign(shop, ada)[0] for _ in range(3)]
    other = campaign(shop, bob)[0]

    ran = run_emails()
    again = run_emails(now=shop.now + HOUR)
    late = run_emails(now=shop.now + DAY)

    assert [len(it.outcomes) for it in (ran, again, late)] == [4, 0, 1]
    assert ran.count(Status.POSTPONED) == 1
    assert reasons(ran) == ["postponed by the cap of 2 per day until 2026-03-11 12:00 UTC"]
    assert sorted(sent(shop)) == sorted([*rows, other])
    assert shop.progress(rows[2])["sent_at"] == shop.now + DAY


def test_a_cap_is_one_of_the_address_in_all_websites(shop: ShopBuilder, run_emails: Runner) -> None:
    rules(run_emails, cap="1 per week")
    shop.insert(shop.tables.website, website_id=7, code="b", name="B", default_group_id=1)
    one = shop.customer("ada@example.test")
    two = shop.customer("Ada@Example.test", website_id=7)
    first, second = campaign(shop, one, two)
    shop.change(shop.tables.segment, {}, website_ids="1,7")

    ran = run_emails()

    assert (shop.status(first), shop.status(second)) == ("sent", "scheduled")
    assert reasons(ran) == ["postponed by the cap of 1 per week until 2026-03-17 12:00 UTC"]


@pytest.mark.parametrize(
    ("earlier", "counts"),
    [
        ({"status": "sent", "sent_at": -HOUR}, True),
        ({"status": "sent", "sent_at": -25 * HOUR}, False),
        ({"status": "skipped"}, False),
        ({"status": "failed"}, False),
        ({"status": "failed", "problem": "interrupted: by a test"}, True),
        ({"status": "skipped", "queue_status": QueueStatus.PAUSE}, True),  # its mail is under way
    ],
)
def test_what_is_sent_under_way_or_unknown_counts(
    shop: ShopBuilder, run_emails: Runner, earlier: dict[str, Any], counts: bool
) -> None:
    rules(run_emails, cap="1 per day")
    columns, ada = dict(earlier), shop.customer()
    was, row = campaign(shop, ada, ada)
    queue = shop.insert(
        shop.tables.queue,
        template_id=shop.template(),
        queue_start_at=shop.now - timedelta(minutes=10),
        queue_status=columns.pop("queue_status", QueueStatus.CANCEL),
    )
    if text := columns.pop("problem", None):
        shop.insert(shop.tables.problem, queue_id=queue, problem_error_text=text)
    if "sent_at" in columns:
        columns["sent_at"] += shop.now
    step = shop.step(shop.segment())  # max_sends counts for its own step only
    shop.change(
        shop.tables.progress, {"progress_id": was}, queue_id=queue, sequence_id=step, **columns
    )

    run_emails()

    assert shop.status(row) == ("scheduled" if counts else "sent")


def test_a_campaigns_rule_takes_the_place_of_the_shops(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rules(run_emails, cap="1 per day", window="14:00-16:00")
    ada = shop.customer()
    free = campaign(shop, ada, cap="none", window="none")
    also = campaign(shop, ada, cap="2 per day", window="12:00-13:00")
    kept = campaign(shop, ada, window="none")

    run_emails()

    assert sent(shop) == [*free, *also]
    assert shop.progress(kept[0])["scheduled_at"] == shop.now + DAY


def test_the_higher_priority_goes_first_though_it_is_younger(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """Also where it is claimed later, with another batch of the run."""
    rules(run_emails, cap="1 per day")
    customers = [shop.customer() for _ in range(60)]
    low = campaign(shop, *customers, minutes=10, priority=1)
    high = campaign(shop, *customers, minutes=1, priority=2)

    for minutes in (0, 5):
        run_emails(now=shop.now + timedelta(minutes=minutes), limit=0)

    assert sorted(sent(shop)) == high
    times = {shop.progress(row)["scheduled_at"] for row in low}
    assert min(times) >= shop.now + DAY


def test_a_gap_lies_between_two_mails(shop: ShopBuilder, run_emails: Runner) -> None:
    rules(run_emails, gap="4 hours")
    ada = shop.customer()
    rows = [campaign(shop, ada)[0] for _ in range(3)]

    for hours in range(10):
        run_emails(now=shop.now + hours * HOUR)

    times = [shop.progress(row)["sent_at"] for row in rows]
    assert times == [shop.now, shop.now + 4 * HOUR, shop.now + 8 * HOUR]


@pytest.mark.parametrize(
    ("zone", "until"), [("UTC", 14), ("America/New_York", 18), ("Asia/Tokyo", 24 + 5)]
)
def test_hours_are_those_of_the_customers_store(
    shop: ShopBuilder, run_emails: Runner, zone: str, until: int
) -> None:
    rules(run_emails, window="14:00-16:00", quiet_hours="15:30-8:00")
    shop.config("general/locale/timezone", zone, scope="websites", id=1)
    [row] = campaign(shop, shop.customer())

    run_emails()

    midnight = shop.now.replace(hour=0)
    assert shop.progress(row)["scheduled_at"] == midnight + until * HOUR


def test_what_a_rule_postponed_is_not_late_and_keeps_the_distance(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """The first step waits for ten days, the second one comes two days after it."""
    ada = shop.customer()
    segment = shop.segment()
    steps = [shop.step(segment, number=n, delay_minutes=n * 2880) for n in (0, 1)]
    began = shop.now - 2 * HOUR
    rows = [
        shop.due(step, ada, created_at=began, scheduled_at=began + n * 2 * DAY)
        for n, step in enumerate(steps)
    ]
    shop.due(shop.step(shop.segment()), ada, status="sent", sent_at=shop.now - HOUR)
    rules(run_emails, gap="10 days")

    run_emails()
    rules(run_emails)
    for days in range(1, 14):
        run_emails(now=shop.now + days * DAY)

    first, second = (shop.progress(row) for row in rows)
    assert first["scheduled_at"] == shop.now - HOUR + 10 * DAY
    assert (first["status"], first["sent_at"]) == ("sent", shop.now + 10 * DAY)
    assert (second["status"], second["sent_at"]) == ("sent", shop.now + 12 * DAY)


@pytest.mark.parametrize("place", ["shop", "campaign", "step"])
def test_beyond_its_expiry_a_step_is_skipped_with_the_rule_as_its_reason(
    shop: ShopBuilder, run_emails: Runner, place: str
) -> None:
    ada = shop.customer()
    rules(run_emails, cap="1 per week", expiry="3 days" if place == "shop" else "30 days")
    shop.due(shop.step(shop.segment()), ada, status="sent", sent_at=shop.now - HOUR)
    [row] = campaign(shop, ada, expiry="3 days" if place == "campaign" else "default")
    if place == "step":
        sequence = shop.progress(row)["sequence_id"]
        policy = StepPolicy(expiry="3 days")
        shop.shop.transact(lambda tx: save_step_policy(tx, sequence, policy))

    run_emails()

    told = "expired: the cap of 1 per week would send it more than 3 days after it was due"
    queue = shop.row(shop.tables.queue, queue_id=shop.progress(row)["queue_id"])
    assert shop.status(row) == "skipped"
    assert queue["newsletter_subject"] == f"Not sent: {told}"


def test_an_outage_lets_a_step_expire_too(shop: ShopBuilder, run_emails: Runner) -> None:
    rules(run_emails, expiry="3 days")
    late, in_time = campaign(shop, shop.customer(), shop.customer())
    shop.change(shop.tables.progress, {"progress_id": late}, scheduled_at=shop.now - 73 * HOUR)
    shop.change(shop.tables.progress, {"progress_id": in_time}, scheduled_at=shop.now - 71 * HOUR)

    ran = run_emails()

    assert (shop.status(late), shop.status(in_time)) == ("skipped", "sent")
    assert reasons(ran, Status.SKIPPED) == ["expired: it was due more than 3 days ago"]


@pytest.mark.parametrize("expiry", ["none", "3 days"])
def test_rules_lose_no_row(shop: ShopBuilder, run_emails: Runner, expiry: str) -> None:
    """Played to the end, in a week in which clocks go forward: each is sent in time, or told."""
    zone = ZoneInfo("Europe/Berlin")
    shop.config("general/locale/timezone", zone.key, scope="websites", id=1)
    shop.now = datetime(2026, 3, 26, 17, tzinfo=UTC)
    rules(run_emails, cap="1 per day", window="9:00-20:00", weekdays="thu-mon", expiry=expiry)
    customers = [shop.customer(), shop.customer()]
    rows = [row for _ in range(6) for row in campaign(shop, *customers)]

    moment: datetime | None = shop.now
    looks = 0
    while moment and looks < 30:
        run_emails(now=moment)
        waiting = shop.rows(shop.tables.progress, status="scheduled")
        moment = min((row["scheduled_at"] for row in waiting), default=None)
        looks += 1

    ended = [shop.progress(row) for row in rows]
    assert {row["status"] for row in ended} <= {"sent", "skipped"}
    assert all(row["queue_id"] for row in ended)
    for customer in customers:
        times = [
            row["sent_at"] for row in ended if row["customer_id"] == customer and row["sent_at"]
        ]
        times.sort()
        assert all(later - earlier >= DAY for earlier, later in pairwise(times))
        assert len(times) == (6 if expiry == "none" else 3)
        for at in times:
            wall = at.astimezone(zone)
            assert 9 <= wall.hour < 20
            assert wall.weekday() not in (1, 2)
    assert looks <= 10  # nothing is looked at before its moment


def test_why_tells_the_rule_and_the_moment(shop: ShopBuilder, run_emails: Runner) -> None:
    rules(run_emails, cap="1 per day")
    ada = shop.customer()
    campaign(shop, ada)
    [row] = campaign(shop, ada)
    run_emails()
    sequence = shop.progress(row)["sequence_id"]

    job = run_emails.job(now=shop.now + HOUR)
    [answer] = [it for it in explain(job, str(ada)) if it.sequence_id == sequence]

    assert answer.outcome == "scheduled"
    assert answer.sentences[0] == "It was scheduled for 2026-03-11 12:00 UTC."
    job = run_emails.job(now=shop.now)
    shop.change(shop.tables.progress, {"progress_id": row}, scheduled_at=shop.now + HOUR)
    [answer] = [it for it in explain(job, str(ada)) if it.sequence_id == sequence]
    assert answer.sentences[-1] == (
        "As things are, it will wait: postponed by the cap of 1 per day until 2026-03-11 12:00 UTC."
    )


def test_a_limit_counts_what_leaves_and_not_what_waits(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rules(run_emails, cap="1 per day")
    ada = shop.customer()
    campaign(shop, ada, minutes=30)
    waiting = [campaign(shop, ada, minutes=20)[0] for _ in range(6)]
    last = campaign(shop, shop.customer(), minutes=1)

    run_emails(limit=2)

    assert shop.status(last[0]) == "sent"
    assert {shop.status(row) for row in waiting} == {"scheduled"}


def test_a_batch_reads_addresses_once_and_recent_mails_twice(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """To plan, and again in the transaction that records."""
    decide(shop, shop.segment(), priority=7)
    campaign(shop, *(shop.customer() for _ in range(30)))
    rules(run_emails, cap="5 per day", gap="1 minute", window="0:00-24:00")
    reading = []
    tables = (shop.tables.customer.name, shop.tables.progress.name)

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT") and any(name in statement for name in tables):
            reading.append(statement)

    event.listen(shop.database.engine, "before_cursor_execute", count)
    ran = run_emails()
    event.remove(shop.database.engine, "before_cursor_execute", count)

    assert len(ran.messages) == 30
    assert sum("AS own" in it for it in reading) == 1
    assert sum("queue_start_at END" in it for it in reading) == 2


def test_recent_mails_are_found_by_the_customers_index(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    step = shop.step(shop.segment())
    customers = [shop.customer() for _ in range(40)]
    times = dict.fromkeys(("created_at", "scheduled_at", "sent_at"), shop.now)
    of_step = {"segment_id": 1, "sequence_id": step, "step_number": 1, "trigger_type": "enter"}
    row = {**of_step, **times, "status": "sent"}
    many = [{**row, "customer_id": customer} for customer in customers for _ in range(50)]
    shop.insert_all(shop.tables.progress, many)
    query = recent_mails(shop.tables, customers[:3], since=shop.now - DAY, leaving_out=[1])

    sql = query.compile(shop.database.engine, compile_kwargs={"render_postcompile": True})
    with shop.database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sql}", sql.params)
        rows = plan.mappings().all()

    assert (rows[0]["table"], rows[1]["table"]) == (
        shop.tables.progress.name,
        shop.tables.queue.name,
    )
    assert "customer_id" in rows[0]["key"]
    assert int(rows[0]["rows"]) <= 200
    # MySQL reads an empty table as it is.
    assert rows[1]["key"] == "PRIMARY" or int(rows[1]["rows"]) <= 1


def test_accounts_with_an_address_are_found_by_its_index(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    customers = [shop.customer(f"c{number}@example.test") for number in range(200)]
    with shop.shop.read() as tx:
        found = load_addresses(tx, customers[:2])
        seen = rows_read(tx.connection, lambda: load_addresses(tx, customers[:3]))

    assert found == {id: id for id in customers[:2]}
    assert seen <= 30
