"""What mails brought in, compared with sums made by hand."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from segmail.coupons import new_code
from segmail.maho.progress import ProgressStatus
from segmail.report import FORMATS, Activity, ReportScope, Window, collect_activity
from segmail.report.intervals import wilson
from segmail.report.revenue import Income
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

DAY = timedelta(days=1)


def report(shop: ShopBuilder, scope: ReportScope | None = None) -> Activity:
    window = Window(shop.now - 30 * DAY, shop.now + DAY)
    return collect_activity(shop.shop, window, now=shop.now, scope=scope or ReportScope())


def sent(shop: ShopBuilder, step: int, customer: int, *, days_ago: float) -> None:
    when = shop.now - days_ago * DAY
    shop.due(
        step, customer, status=ProgressStatus.SENT.value, created_at=when, scheduled_at=when,
        sent_at=when,
    )  # fmt: skip


@pytest.fixture
def sales(shop: ShopBuilder) -> SalesBuilder:
    return SalesBuilder(shop)


def test_an_order_counts_for_the_last_mail_within_the_days(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    segment = shop.segment("VIP")
    first, last = shop.step(segment), shop.step(segment, number=2)
    buyer, late, other = shop.customer(), shop.customer(), shop.customer()
    sent(shop, first, buyer, days_ago=6)
    sent(shop, last, buyer, days_ago=3)
    sent(shop, first, late, days_ago=20)
    sales.order(buyer, "19.99", ago=2 * DAY, base_currency_code="EUR")
    sales.order(buyer, "30.01", ago=5 * DAY, base_currency_code="EUR")
    sales.order(buyer, "500", ago=1 * DAY, base_currency_code="EUR", state="canceled")
    sales.order(late, "70", ago=1 * DAY, base_currency_code="EUR")
    sales.order(other, "70", ago=1 * DAY, base_currency_code="EUR")

    week, month = report(shop).revenue, report(shop, ReportScope(within_days=30)).revenue

    assert week is not None
    assert month is not None
    assert week.by_mail == Income(2, {"EUR": Decimal("50.00")})
    assert week.by_step[last] == Income(1, {"EUR": Decimal("19.99")})
    assert week.by_step[first] == Income(1, {"EUR": Decimal("30.01")})
    assert month.by_mail == Income(3, {"EUR": Decimal("120.00")})


def test_only_codes_of_the_automation_count_and_currencies_stay_apart(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    rule = shop.rule()
    shop.step(shop.segment(), rule_id=rule, coupon_prefix="WB")
    buyer = shop.customer()
    made = new_code("WB", buyer)
    for code in (made, "SUMMER26"):
        shop.insert(shop.tables.coupon, rule_id=rule, code=code, type=1, created_at=shop.now)
    sales.order(buyer, "10", coupon_code=made, base_currency_code="EUR")
    sales.order(None, "5", coupon_code=made, base_currency_code="CHF")
    sales.order(buyer, "1000", coupon_code="SUMMER26", base_currency_code="EUR")

    found = report(shop).revenue

    assert found is not None
    assert found.by_coupon == Income(2, {"CHF": Decimal(5), "EUR": Decimal(10)})


def test_who_unsubscribes_after_a_mail_is_counted_for_it(
    shop: ShopBuilder, sales: SalesBuilder
) -> None:
    step = shop.step(shop.segment())
    leaver, stayer, earlier = shop.customer(), shop.customer(), shop.customer()
    for customer in (leaver, stayer, earlier):
        sent(shop, step, customer, days_ago=2)
    for customer, days in ((leaver, 1), (earlier, 3)):
        shop.change(
            shop.tables.subscriber, {"customer_id": customer},
            subscriber_status=3, change_status_at=shop.now - days * DAY,
        )  # fmt: skip

    found = report(shop).revenue

    assert found is not None
    assert found.unsubscribed == {step: 1}


def test_segment_and_store_narrow_everything(shop: ShopBuilder, sales: SalesBuilder) -> None:
    mine, others = shop.step(shop.segment("Mine")), shop.step(shop.segment("Others"))
    buyer = shop.customer()
    sent(shop, mine, buyer, days_ago=3)
    sent(shop, others, shop.customer(), days_ago=3)
    sales.order(buyer, "10", ago=DAY, base_currency_code="EUR")

    by_segment = report(shop, ReportScope(segment="Others"))
    by_store = report(shop, ReportScope(store="1"))

    assert [step.step.sequence_id for s in by_segment.segments for step in s.steps] == [others]
    assert by_segment.counts.sent == 1
    assert by_segment.revenue is not None
    assert by_segment.revenue.by_mail == Income()
    assert by_store.counts.sent == 2


def test_reasons_and_days_are_told_in_every_format(shop: ShopBuilder, sales: SalesBuilder) -> None:
    step = shop.step(shop.segment('5 % <off> "now"'))
    for days in (1, 1, 2):
        sent(shop, step, shop.customer(), days_ago=days)
    shop.due(step, shop.customer(), status=ProgressStatus.SKIPPED.value)

    found = report(shop)
    told = json.loads(FORMATS["json"](found))
    [row] = csv.DictReader(io.StringIO(FORMATS["csv"](found)))
    page = FORMATS["html"](found)

    assert told["reasons"] == [{"status": "skipped", "reason": "by Maho, or before 0.2", "rows": 1}]
    assert [day["sent"] for day in told["days"]] == [1, 2]
    assert (row["segment"], row["sent"], row["skipped"]) == ('5 % <off> "now"', "3", "1")
    assert "5 % &lt;off&gt; &quot;now&quot;:enter:1" in page
    assert "http" not in page
    assert "skipped: by Maho, or before 0.2" in FORMATS["text"](found)


@pytest.mark.parametrize(
    ("orders", "sent", "low", "high"), [(0, 100, 0.0, 0.037), (10, 100, 0.0552, 0.1744)]
)
def test_the_interval_is_wilsons(orders: int, sent: int, low: float, high: float) -> None:
    assert wilson(orders, sent) == pytest.approx((low, high), abs=0.0001)
