"""Rows are counted by when they happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from segmail.maho import progress
from segmail.maho.schema.tables import Layout
from segmail.report import Activity, Counts, ReportScope, Window, collect_activity
from tests.database.history.failed import INTERRUPTED, failed, problem
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment())


def last_day(shop: ShopBuilder) -> Activity:
    window = Window(shop.now - timedelta(days=1), shop.now)
    return collect_activity(shop.shop, window, now=shop.now)


def last_second(shop: ShopBuilder) -> Activity:
    window = Window(shop.now, shop.now + timedelta(seconds=1))
    return collect_activity(shop.shop, window, now=shop.now)


def hours_ago(shop: ShopBuilder, hours: float) -> datetime:
    return shop.now - timedelta(hours=hours)


def row(shop: ShopBuilder, step: int, status: str, **hours: float) -> int:
    """Insert a row with times so many hours ago."""
    times: dict[str, Any] = {name: hours_ago(shop, ago) for name, ago in hours.items()}
    return shop.due(step, shop.customer(), status=status, **times)


@pytest.mark.parametrize("layout", Layout)
def test_a_step_sent_today_counts_however_long_it_was_scheduled(
    shop: ShopBuilder, step: int
) -> None:
    row(shop, step, "sent", created_at=24 * 8, scheduled_at=24 * 8, sent_at=2)
    row(shop, step, "sent", created_at=30, scheduled_at=29, sent_at=29)

    assert last_day(shop).counts == Counts(sent=1)


@pytest.mark.parametrize(
    ("hours", "sent"),
    [pytest.param(24, 1, id="its first moment"), pytest.param(0, 0, id="its end")],
)
def test_a_window_holds_its_first_moment_but_not_its_end(
    shop: ShopBuilder, step: int, hours: float, sent: int
) -> None:
    row(shop, step, "sent", sent_at=hours)

    assert last_day(shop).counts.sent == sent


@pytest.mark.parametrize(("finished", "failed"), [(3, 1), (30, 0)])
def test_a_failure_counts_when_its_attempt_ended(
    shop: ShopBuilder, step: int, finished: float, failed: int
) -> None:
    attempt = shop.insert(
        shop.tables.queue, template_id=shop.template(), queue_finish_at=hours_ago(shop, finished)
    )
    progress_id = row(shop, step, "failed", created_at=90, scheduled_at=80)
    shop.change(shop.tables.progress, {"progress_id": progress_id}, queue_id=attempt)

    assert last_day(shop).counts == Counts(failed=failed)


@pytest.mark.parametrize(
    ("reasons", "interrupted"),
    [(["451", INTERRUPTED], 1), ([INTERRUPTED, "550"], 0), (["550"], 0), ([], 0)],
)
def test_what_may_have_arrived_is_counted_among_the_failed(
    shop: ShopBuilder, step: int, reasons: list[str], interrupted: int
) -> None:
    queue = shop.progress(failed(shop, step, None))["queue_id"]
    for reason in reasons:
        problem(shop, queue, reason)

    assert last_second(shop).counts == Counts(failed=1, interrupted=interrupted)


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_what_ended_without_an_attempt_counts_when_it_was_due(
    shop: ShopBuilder, step: int, status: str
) -> None:
    row(shop, step, status, created_at=90, scheduled_at=5)
    row(shop, step, status, created_at=90, scheduled_at=25)
    row(shop, step, status, created_at=1, scheduled_at=-48)

    assert last_day(shop).counts == Counts(**{status: 1})


def test_everything_that_waits_is_scheduled(shop: ShopBuilder, step: int) -> None:
    row(shop, step, "scheduled", created_at=500, scheduled_at=0.5)
    row(shop, step, "scheduled", created_at=500, scheduled_at=-500)

    assert last_day(shop).counts == Counts(scheduled=2, postponed=1)


def test_what_should_have_gone_an_hour_ago_is_overdue(shop: ShopBuilder, step: int) -> None:
    row(shop, step, "scheduled", scheduled_at=0.9)
    row(shop, step, "scheduled", scheduled_at=1.1)

    assert last_day(shop).counts == Counts(scheduled=2, overdue=1)


@pytest.mark.parametrize("columns", [{"automation": False}, {"is_active": 0}])
def test_what_is_due_in_a_segment_that_is_switched_off_is_held(
    shop: ShopBuilder, columns: dict[str, Any]
) -> None:
    step = shop.step(shop.segment(**columns))
    row(shop, step, "scheduled", scheduled_at=2)
    row(shop, step, "scheduled", scheduled_at=-2)

    assert last_day(shop).counts == Counts(scheduled=2, held=1, postponed=1)


@pytest.mark.parametrize("layout", Layout)
def test_each_segment_and_step_has_its_own_counts(shop: ShopBuilder) -> None:
    vip, new = shop.segment("VIP"), shop.segment("New")
    row(shop, shop.step(vip, number=1), "sent", sent_at=1)
    row(shop, shop.step(vip, number=2), "scheduled", scheduled_at=-1)
    row(shop, shop.step(new, number=1), "failed", scheduled_at=1)

    activity = last_day(shop)

    assert [(each.segment.name, each.counts) for each in activity.segments] == [
        ("VIP", Counts(sent=1, scheduled=1, postponed=1)),
        ("New", Counts(failed=1)),
    ]
    assert [each.counts for each in activity.segments[0].steps] == [
        Counts(sent=1),
        Counts(scheduled=1, postponed=1),
    ]


def test_only_coupons_of_the_automation_count(shop: ShopBuilder) -> None:
    rule = shop.rule()
    shop.step(shop.segment(), rule_id=rule, coupon_prefix="WB")
    for code, used, hours, rule_id in (
        ("WB1A1B2C3", 0, 1, rule),
        ("WB2A1B2C3", 1, 2, rule),
        (
            "wb5ä1b2c3 ",
            0,
            1,
            rule,
        ),  # as Maho's column compares, not REGEXP
        ("WB3A1B2C3", 1, 30, rule),
        ("MERCHANTS-OWN", 1, 1, rule),
        ("WB4A1B2C3", 1, 1, shop.rule("Another")),
    ):
        shop.insert(
            shop.tables.coupon,
            rule_id=rule_id,
            code=code,
            type=1,
            times_used=used,
            created_at=hours_ago(shop, hours),
        )

    activity = last_day(shop)

    assert (activity.coupons.generated, activity.coupons.used) == (3, 1)
    shop.segment("Without coupons")
    of_none = collect_activity(
        shop.shop, activity.window, now=shop.now, scope=ReportScope(segment="Without coupons")
    )
    assert of_none.coupons.generated == 0


@pytest.mark.parametrize(
    ("zone", "autumn", "spring"),
    [
        ("America/New_York", "2025-11-01T04:00Z", "2026-03-07T05:00Z"),
        ("Europe/Berlin", "2025-10-24T22:00Z", "2026-03-27T23:00Z"),
    ],
)
def test_days_begin_and_end_by_the_shops_clocks(
    shop: ShopBuilder, step: int, zone: str, autumn: str, spring: str
) -> None:
    """A mail was sent in each hour of three days around each change of the clocks."""
    shop.config("general/locale/timezone", zone)
    first, second = datetime.fromisoformat(autumn), datetime.fromisoformat(spring)
    mail = {
        "customer_id": shop.customer(), "segment_id": 1, "sequence_id": step, "step_number": 1,
        "trigger_type": "enter", "status": "sent", "created_at": first, "scheduled_at": first,
    }  # fmt: skip
    hours = [first + timedelta(hours=n) for n in range(24 + 25 + 24)]
    hours += [second + timedelta(hours=n) for n in range(24 + 23 + 24)]
    shop.insert_all(shop.tables.progress, [{**mail, "sent_at": hour} for hour in hours])

    found = collect_activity(
        shop.shop, Window(first, hours[-1] + timedelta(hours=1)), now=shop.now, scope=ReportScope()
    )

    assert [one.sent[step] for one in found.days] == [24, 25, 24, 24, 23, 24]
    assert found.days[0].day == first.astimezone(ZoneInfo(zone)).date()


def test_a_shop_without_sequences_has_nothing_to_tell(shop: ShopBuilder) -> None:
    activity = last_day(shop)

    assert activity.counts == Counts()
    assert activity.segments == ()


def test_the_number_of_statements_does_not_grow_with_the_shop(shop: ShopBuilder) -> None:
    for number in range(1, 5):
        step = shop.step(shop.segment(), rule_id=shop.rule(), number=number)
        row(shop, step, "sent", sent_at=number)
    statements: list[str] = []
    event.listen(
        shop.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: statements.append(statement),
    )

    last_day(shop)

    asks_for_indexes = shop.database.engine.dialect.name != "sqlite"
    found = [sql for sql in statements if sql.startswith("SELECT") and "FROM" in sql]
    assert len(found) == 11 + asks_for_indexes


def test_what_failed_long_after_it_was_due_counts_unless_the_history_is_long(
    shop: ShopBuilder, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Maho's own jobs fail rows, which know no time that is too late."""
    failed(shop, step, created_at=hours_ago(shop, 2_400), scheduled_at=hours_ago(shop, 2_400))
    window = Window(shop.now, shop.now + timedelta(seconds=1))
    lateness = timedelta(days=16)

    def counted() -> int:
        found = collect_activity(shop.shop, window, now=shop.now, lateness=lateness)
        return found.counts.failed

    assert counted() == 1
    monkeypatch.setattr(progress, "_MANY", -1)
    assert counted() == (1 if shop.database.engine.dialect.name == "sqlite" else 0)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_answers_that_differ_in_an_address_are_one_reason_that_names_nobody(
    shop: ShopBuilder, step: int
) -> None:
    for name in ("ada", "bob"):
        failed(shop, step, f"550 5.1.1 <{name}@example.test>: No such user")
    window = Window(shop.now, shop.now + timedelta(seconds=1))

    activity = collect_activity(shop.shop, window, now=shop.now, scope=ReportScope())

    assert [(one.reason, one.rows) for one in activity.ended] == [
        ("550 5.1.1 ADDRESS: No such user", 2)
    ]
