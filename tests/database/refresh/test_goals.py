"""Goals: which orders end a sequence, at a refresh and right before a mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from segmail.maho.customer_conditions import ORDERED, ORDERED_WITH_COUPON
from segmail.maho.policies import Goal
from segmail.maho.schema.tables import Layout
from tests.database.refresh.refreshing import decide, order, refresh
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("words", ["", "orders", "order over", "order over -1", "order over ten"])
def test_other_words_are_no_goal(words: str) -> None:
    with pytest.raises(ValueError, match=words or None):
        Goal(words)


def endings(shop: ShopBuilder, runner: Runner, place: str) -> list[tuple[str, str | None]]:
    """Return status and reason of each row, after a refresh or a run in which none is in time."""
    if place == "refresh":
        refresh(shop)
    else:
        runner()
    found = []
    for row in shop.rows(shop.tables.progress):
        queue = shop.rows(shop.tables.queue, queue_id=row["queue_id"] or 0)
        told = queue[0]["newsletter_subject"] if queue else None
        found.append((row["status"], told and told.removeprefix("Not sent: ")))
    return found


def rows_of(shop: ShopBuilder, goal: str, customers: list[int], **step: Any) -> int:
    segment = shop.segment()
    decide(shop, segment, goal=Goal(goal))
    sequence = shop.step(segment, **step)
    for customer in customers:
        shop.insert(
            shop.tables.member, segment_id=segment, customer_id=customer, website_id=1,
            added_at=shop.now, updated_at=shop.now,
        )  # fmt: skip
        shop.due(sequence, customer)
    return segment


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("place", ["refresh", "mail"])
def test_only_an_order_over_the_sum_ends_the_sequence(
    shop: ShopBuilder, run_emails: Runner, place: str
) -> None:
    large, exact, guest, canceled = (shop.customer(f"{n}@example.test") for n in range(4))
    rows_of(shop, "order over 99.50", [large, exact, guest, canceled])
    order(shop, large, at=shop.now, base_grand_total=99.51)
    order(shop, exact, at=shop.now, base_grand_total=99.50, grand_total=200)
    order(shop, None, at=shop.now, base_grand_total=100, customer_email="2@EXAMPLE.test")
    order(shop, canceled, at=shop.now, base_grand_total=100, state="canceled")

    reason = f"{ORDERED}, for more than 99.50"
    ends = endings(shop, run_emails, place)
    assert ends[0] == ends[2] == ("skipped", reason)
    assert {ends[1][0], ends[3][0]} == {"scheduled" if place == "refresh" else "sent"}


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("place", ["refresh", "mail"])
def test_only_an_order_with_a_coupon_of_the_sequence_ends_it(
    shop: ShopBuilder, run_emails: Runner, place: str
) -> None:
    ada, bob, eve, old = (shop.customer() for _ in range(4))
    rule, other = shop.rule(), shop.rule("another")
    rows_of(
        shop, "order with this coupon", [ada, bob, eve, old], rule_id=rule, coupon_prefix="CART"
    )
    for code, of in (
        (f"CART{ada}BCDFGHJKMN", rule),
        (f"CART{bob}BCDFGHJKMN", other),
        (f"SPRING{eve}BCDFGHJKMN", rule),
        (f"CART{old}BCDFGHJKMN", rule),
    ):
        shop.insert(shop.tables.coupon, rule_id=of, code=code, created_at=shop.now)
    # A guest with another address has Ada's code; Eve ordered without one of the sequence.
    order(shop, None, at=shop.now, coupon_code=f"cart{ada}bcdfghjkmn", customer_email="x@y.test")
    order(shop, bob, at=shop.now, coupon_code=f"CART{bob}BCDFGHJKMN")
    order(shop, eve, at=shop.now, coupon_code=f"SPRING{eve}BCDFGHJKMN")
    order(shop, old, at=shop.now - 61 * MINUTE, coupon_code=f"CART{old}BCDFGHJKMN")

    ends = endings(shop, run_emails, place)
    assert ends[0] == ("skipped", ORDERED_WITH_COUPON)
    assert {status for status, _ in ends[1:]} == {"scheduled" if place == "refresh" else "sent"}
