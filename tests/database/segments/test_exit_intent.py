"""Use case 12 as the documentation sets it up: nobody is mailed about what they bought since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.segments.import_list import Import, import_list
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Choice, RefreshOptions, refresh_segments
from tests.database.refresh.refreshing import decide
from tests.jobs import Runner
from tests.sales_builder import SalesBuilder

NAME = "Exit intent"
NAMES = ("stays", "later", "at.once", "before")  # when they buy
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
[CONDITIONS] = [
    case["conditions"]
    for case in json.loads((Path(__file__).parents[2] / "golden" / "use_cases.json").read_text())
    if case["number"] == "12"
]


@pytest.mark.parametrize("expires", [False, True], ids=["replaced list", "list with an end"])
def test_who_bought_after_an_exit_intent_is_not_mailed_days_later(
    sales: SalesBuilder, run_emails: Runner, expires: bool
) -> None:
    shop = sales.shop
    segment = shop.segment(NAME, conditions_serialized=json.dumps(CONDITIONS))
    decide(shop, segment, goal="order", on_reentry="never")
    shop.step(segment, delay_minutes=12 * 60, max_sends=0)
    stays, later, at_once, before = (shop.customer(f"{name}@example.test") for name in NAMES)
    sales.order(before, ago=DAY)
    mailed: list[str] = []

    def come(time: timedelta, *visitors: int) -> None:
        """Import who came since yesterday."""
        what = (
            Import(_file(visitors), "file", add=True, expire=DAY)
            if expires
            else Import(_file(visitors), "file")
        )
        import_list(shop.shop, NAME, what, dry_run=False, now=shop.now + time)

    def work(time: timedelta) -> None:
        """Do what cron does."""
        options, clock = RefreshOptions(), Clock(shop.now + time)
        matching = matching_by_conditions()
        [done] = refresh_segments(shop.shop, Choice(), options, clock=clock, matching=matching)
        assert done.exit_code == 0
        mailed.extend(run_emails(now=shop.now + time).recipients)

    come(timedelta(), stays, later, at_once, before)
    sales.order(at_once, ago=-5 * MINUTE)
    work(15 * MINUTE)
    sales.order(later, ago=-6 * HOUR)
    for hours in (7, 13):
        work(hours * HOUR)
    for days in range(1, 11):
        come(days * DAY)
        work(days * DAY + HOUR)

    assert mailed == ["stays@example.test"]


def _file(customer_ids: Sequence[int]) -> bytes:
    return "\n".join(map(str, customer_ids)).encode()
