"""Who was mailed beside who was held out, compared with sums written by hand."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from segmail.maho.holdout import HELD_OUT
from segmail.maho.reasons import find_reasons
from segmail.report import FORMATS, Activity, ReportScope, Window, collect_activity
from segmail.report.lift import Group, Lift
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

DAY = timedelta(days=1)


@pytest.fixture
def sales(shop: ShopBuilder) -> SalesBuilder:
    return SalesBuilder(shop)


def report(shop: ShopBuilder, *, since: float = 30, until: float = 0, **scope: Any) -> Activity:
    window = Window(shop.now - since * DAY, shop.now - until * DAY)
    return collect_activity(shop.shop, window, now=shop.now, scope=ReportScope(**scope))


def lifts(shop: ShopBuilder, **asked: Any) -> list[Lift]:
    return list(report(shop, **asked).lift)


def mailed(shop: ShopBuilder, step: int, customer: int, *, days_ago: float) -> None:
    at = shop.now - days_ago * DAY
    shop.due(step, customer, status="sent", created_at=at, scheduled_at=at, sent_at=at)


def held_out(shop: ShopBuilder, step: int, customer: int, *, days_ago: float) -> None:
    at = shop.now - days_ago * DAY
    reason = reason_of(shop, step)
    progress = shop.due(step, customer, status="skipped", created_at=at, scheduled_at=at)
    shop.change(shop.tables.progress, {"progress_id": progress}, queue_id=reason)


def reason_of(shop: ShopBuilder, step: int) -> int:
    ending = (step, HELD_OUT)
    return shop.shop.transact(lambda tx: find_reasons(tx, [ending], now=shop.now))[ending]


def test_a_segment_that_holds_nobody_out_has_no_lift(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    mailed(shop, shop.step(shop.segment()), shop.customer(), days_ago=10)

    assert lifts(shop) == []


def test_orders_count_for_the_days_from_the_entry_on(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    step = shop.step(shop.segment())
    one, other, out = shop.customer(), shop.customer(), shop.customer()
    held_out(shop, step, out, days_ago=20)
    mailed(shop, step, one, days_ago=15)
    mailed(shop, step, other, days_ago=15)
    for ago, state in ((14, None), (8.5, None), (7.5, None), (16, None), (13, "canceled")):
        sales.order(one, "10", ago=ago * DAY, base_currency_code="EUR", state=state)
    sales.order(out, "5.50", ago=19 * DAY, base_currency_code="CHF")

    [found] = lifts(shop)

    assert (found.mailed.customers, found.mailed.buyers, found.mailed.orders.total) == (2, 1, 2)
    assert found.mailed.revenue_in("EUR").total == 20
    assert found.mailed.revenue_in("EUR").squares == 400
    assert (found.held_out.customers, found.held_out.buyers) == (1, 1)
    assert found.held_out.revenue_in("CHF").total == 5.5


def test_a_customer_counts_once_at_the_first_entry_since_some_are_held_out(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    step = shop.step(shop.segment())
    early, twice, out = shop.customer(), shop.customer(), shop.customer()
    mailed(shop, step, early, days_ago=28)  # before anybody was held out
    held_out(shop, step, out, days_ago=25)
    mailed(shop, step, twice, days_ago=20)
    mailed(shop, step, twice, days_ago=10)
    mailed(shop, step, out, days_ago=9)  # the share was made smaller

    def sizes(**window: float) -> list[tuple[int, int]]:
        return [(it.mailed.customers, it.held_out.customers) for it in lifts(shop, **window)]

    assert sizes() == [(1, 1)]
    assert sizes(since=10) == [(0, 0)]  # entries of the days 17 to 7 before now


def test_windows_side_by_side_have_each_customer_once(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    step = shop.step(shop.segment())
    for days in range(1, 30):
        held_out(shop, step, shop.customer(), days_ago=days)

    weeks = [lifts(shop, since=until + 7, until=until)[0] for until in (0, 7, 14, 21, 28)]

    assert [week.held_out.customers for week in weeks] == [7, 7, 7, 1, 0]


def test_a_step_that_changed_its_template_tells_by_two_reasons(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    step = shop.step(shop.segment())
    held_out(shop, step, shop.customer(), days_ago=20)
    shop.change(shop.tables.sequence, {"sequence_id": step}, template_id=shop.template())
    held_out(shop, step, shop.customer(), days_ago=19)

    [found] = lifts(shop)

    assert (found.mailed, found.held_out.customers) == (Group(), 2)


def test_a_store_has_its_own_customers_and_orders(shop: ShopBuilder, sales: SalesBuilder) -> None:
    step = shop.step(shop.segment())
    here, there = shop.customer(), shop.customer(store_id=2)
    for customer in (here, there):
        held_out(shop, step, customer, days_ago=20)
        sales.order(customer, "10", ago=19 * DAY, store_id=1, base_currency_code="EUR")

    [found] = lifts(shop, store="1")

    assert (found.held_out.customers, found.held_out.buyers) == (1, 1)


_BY_HAND = """
SELECT is_held, COUNT(*) AS customers, SUM(orders > 0) AS buyers, SUM(orders) AS orders,
       SUM(orders * orders) AS order_squares, SUM(spent) AS spent, SUM(spent * spent) AS squares
FROM (
    SELECT p.customer_id, p.is_held, COUNT(o.entity_id) AS orders,
           COALESCE(SUM(o.base_grand_total), 0) AS spent
    FROM (
        SELECT customer_id, MIN(created_at) AS entered,
               MAX(CASE WHEN status = 'skipped' AND queue_id IS NOT NULL THEN 1 ELSE 0 END)
                   AS is_held
        FROM customer_segment_sequence_progress GROUP BY customer_id
    ) AS p
    LEFT JOIN sales_flat_order AS o ON o.customer_id = p.customer_id
        AND o.created_at >= p.entered AND o.created_at < {days_later}
        AND COALESCE(o.state, '') <> 'canceled'
    WHERE p.entered >= :first AND p.entered < :last
    GROUP BY p.customer_id, p.is_held
) AS each_customer
GROUP BY is_held
"""


def test_26_weeks_of_history_have_the_sums_of_sql_written_by_hand(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    make_history(shop, sales)

    activity = report(shop, since=182, within_days=14)
    by_hand = sums_by_hand(shop, since=182, within_days=14)

    [lift] = activity.lift
    for group, name in ((lift.mailed, 0), (lift.held_out, 1)):
        row = by_hand[name]
        revenue = group.revenue_in("EUR")
        assert (group.customers, group.buyers) == (row["customers"], row["buyers"])
        assert (group.orders.total, group.orders.squares) == (row["orders"], row["order_squares"])
        assert revenue.total == pytest.approx(float(row["spent"]))
        assert revenue.squares == pytest.approx(float(row["squares"]))
    assert lift.held_out.customers > 200
    assert lift.mailed.customers > 1_500
    assert_told(activity, lift)


def assert_told(activity: Activity, lift: Lift) -> None:
    """Every format tells the same difference."""
    assert lift.is_enough
    difference = lift.revenue["EUR"]
    [told] = json.loads(FORMATS["json"](activity))["lift"]
    assert told["enough"]
    assert told["mailed"]["customers"] == lift.mailed.customers
    assert told["revenue"]["EUR"]["difference"] == pytest.approx(difference.value, abs=1e-6)
    assert told["ordered"]["interval_95"] == pytest.approx(
        [lift.ordered.low, lift.ordered.high], abs=1e-6
    )
    first, second = csv.DictReader(io.StringIO(FORMATS["csv"](activity)))
    assert int(first["held_out"]) == lift.held_out.customers
    assert float(first["revenue_a_customer_EUR_low"]) == pytest.approx(difference.low, abs=1e-6)
    assert second["held_out"] == ""
    words = f"{difference.value:+,.2f} ({difference.low:+,.2f} to {difference.high:+,.2f}"
    for name in ("text", "html"):
        assert words in FORMATS[name](activity)
        assert f"{lift.held_out.customers:,} held out" in FORMATS[name](activity)


@pytest.mark.parametrize("name", ["text", "html"])
def test_small_groups_are_not_enough_yet(shop: ShopBuilder, sales: SalesBuilder, name: str) -> None:
    step = shop.step(shop.segment("5 % <off>"))
    held_out(shop, step, shop.customer(), days_ago=10)

    activity = report(shop)

    assert "Not enough yet: each group needs 100 customers" in FORMATS[name](activity)
    [told] = json.loads(FORMATS["json"](activity))["lift"]
    assert (told["enough"], told["orders"]) == (False, None)


def make_history(shop: ShopBuilder, sales: SalesBuilder) -> None:
    """Let 2,000 customers enter within 26 weeks, one in eight held out; many order, some twice."""
    chance = random.Random(7)  # noqa: S311 - no secret
    segment = shop.segment("Carts")
    first, second = shop.step(segment), shop.step(segment, number=2, delay_minutes=1440)
    held = reason_of(shop, first)
    customers = [customer_row(shop, id) for id in range(1, 2_001)]
    rows: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    for customer in range(1, 2_001):
        at = shop.now - (182 if customer == 1 else chance.randint(1, 181)) * DAY
        is_held = customer == 1 or chance.random() < 1 / 8
        if is_held:
            rows.append(row(customer, segment, first, 1, at, "skipped", held))
        else:
            for number, step in enumerate((first, second), 1):
                sent_at = at + number * DAY
                rows.append(row(customer, segment, step, number, at, "sent", None, sent_at))
        orders += order_rows(chance, customer, at, often=0.2 if is_held else 0.24)
    for table, values in (
        (shop.tables.customer, customers),
        (shop.tables.progress, rows),
        (sales.sales.order, orders),
    ):
        shop.insert_all(table, values)


def customer_row(shop: ShopBuilder, id: int) -> dict[str, Any]:
    return {
        "entity_id": id, "email": f"c{id}@example.test", "website_id": 1, "store_id": 1,
        "group_id": 1, "is_active": 1, "created_at": shop.now, "updated_at": shop.now,
    }  # fmt: skip


def order_rows(
    chance: random.Random, customer: int, entered: datetime, *, often: float
) -> list[dict[str, Any]]:
    rows = []
    while chance.random() < often:
        rows.append(
            {
                "customer_id": customer,
                "created_at": entered + chance.randint(-100, 600) * timedelta(hours=1),
                "base_grand_total": Decimal(chance.randint(500, 20_000)) / 100,
                "base_currency_code": "EUR",
                "state": "canceled" if chance.random() < 0.1 else "complete",
                "store_id": 1,
            }
        )
    return rows


def row(
    customer: int, segment: int, step: int, number: int, at: datetime, status: str,
    queue_id: int | None, sent_at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "customer_id": customer, "segment_id": segment, "sequence_id": step, "step_number": number,
        "trigger_type": "enter", "status": status, "queue_id": queue_id, "created_at": at,
        "scheduled_at": sent_at or at, "sent_at": sent_at,
    }  # fmt: skip


def sums_by_hand(
    shop: ShopBuilder, *, since: float, within_days: int
) -> dict[int, Mapping[str, Any]]:
    sqlite = shop.url.get_backend_name() == "sqlite"
    days = f"'+{within_days} days'" if sqlite else f"INTERVAL {within_days} DAY"
    later = f"datetime(p.entered, {days})" if sqlite else f"p.entered + {days}"
    within = within_days * DAY
    bounds = {"first": shop.now - since * DAY - within, "last": shop.now - within}
    plain = {name: f"{time:%Y-%m-%d %H:%M:%S}" for name, time in bounds.items()}
    with shop.shop.read() as tx:
        found = tx.connection.execute(text(_BY_HAND.format(days_later=later)), plain).mappings()
        return {int(one["is_held"]): dict(one) for one in found}
