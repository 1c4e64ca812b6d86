"""Seasons, months and weekdays: the same day for every customer of a website."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

SEASONS = [
    ("11-20:12-24", "2026-11-19", False),
    ("11-20:12-24", "2026-11-20", True),
    ("11-20:12-24", "2030-12-24", True),
    ("11-20:12-24", "2026-12-25", False),
    ("12-20:01-06", "2026-12-19", False),
    ("12-20:01-06", "2026-12-31", True),
    ("12-20:01-06", "2027-01-06", True),
    ("12-20:01-06", "2027-01-07", False),
    ("12-24", "2026-12-24", True),
    ("12-24", "2026-12-23", False),
    ("02-29:02-29", "2028-02-29", True),
    ("02-29:02-29", "2028-02-28", False),
    ("02-29:02-29", "2027-02-28", True),
    ("02-20:02-29", "2027-02-28", True),
    ("02-20:02-29", "2027-03-01", False),
]


def _holds(sales: SalesBuilder, day: str, attribute: str, operator: str, value: str) -> bool:
    sales.shop.now = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=UTC)
    found = sales.who("today", attribute, operator, value)
    everybody = sales.matching(every())
    assert found in (set(), everybody)
    return found == everybody


@for_each(("season", "day", "holds"), SEASONS)
def test_a_season_comes_every_year(sales: SalesBuilder, season: str, day: str, holds: bool) -> None:
    sales.shop.customer()

    assert _holds(sales, day, "date", "==", season) is holds
    assert _holds(sales, day, "date", "!=", season) is not holds


@for_each(
    ("attribute", "operator", "value", "holds"),  # on Tuesday, 10 March 2026
    [
        ("month", "==", "3", True),
        ("month", "()", "11,12", False),
        ("month", "!()", "11,12", True),
        ("month", ">=", "4", False),
        ("day", "==", "10", True),
        ("day", "<", "10", False),
        ("weekday", "==", "2", True),
        ("weekday", "!=", "2", False),
        ("weekday", "()", "6,7", False),
    ],
)
def test_months_days_and_weekdays(
    sales: SalesBuilder, attribute: str, operator: str, value: str, holds: bool
) -> None:
    sales.shop.customer()

    assert _holds(sales, "2026-03-10", attribute, operator, value) is holds


def test_today_is_the_day_in_the_customers_website(sales: SalesBuilder, shop: ShopBuilder) -> None:
    shop.customer()
    shop.now = datetime(2026, 12, 25, 3, tzinfo=UTC)
    assert sales.who("today", "date", "==", "12-24") == set()

    shop.config("general/locale/timezone", "America/Los_Angeles", scope="websites", id=1)

    assert sales.who("today", "date", "==", "12-24") == sales.matching(every())


def test_a_season_counts_in_a_combination(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(firstname="Ada"), sales.shop.customer(firstname="Bob")
    name = leaf("customer_attributes", "firstname", "==", "Bob")

    assert sales.matching(every(name, leaf("today", "month", "==", "3"))) == {bob}
    assert sales.matching(every(name, leaf("today", "month", "==", "4"))) == set()
    assert sales.matching(every(leaf("today", "month", "==", "4"), expects=False)) == {ada, bob}


@for_each(
    ("attribute", "operator", "value", "message"),
    [
        ("month", "==", "13", "'13' of .* is no month: 1 to 12"),
        ("weekday", "==", "0", "is no weekday"),
        ("day", "==", "1.5", "is no day"),
        ("date", "==", "02-30:03-01", "'02-30' in .* is no day of a year"),
        ("date", "==", "1-6", "is no day of a year"),
        ("date", ">=", "12-24", "'between' and 'not between' only"),
        ("hour", "==", "1", "is unknown"),
    ],
)
def test_what_is_no_day_is_refused(
    sales: SalesBuilder, attribute: str, operator: str, value: str, message: str
) -> None:
    with pytest.raises(ConditionError, match=message):
        sales.who("today", attribute, operator, value)
