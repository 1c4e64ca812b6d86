"""Who is matched by conditions on the newsletter subscription."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segmail.errors import ConditionError
from tests.sales_builder import SalesBuilder, every, leaf

FAMILY = "customer_newsletter"


def test_who_never_subscribed_matches_only_a_negation(sales: SalesBuilder) -> None:
    ada = sales.shop.customer()
    bob, eve = sales.shop.customer(subscribed=False), sales.shop.customer(subscribed=False)
    sales.shop.subscriber(bob, "bob@example.test", status=3)
    sales.shop.subscriber(0, "guest@example.test")

    assert sales.who(FAMILY, "subscriber_status", "==", "1") == {ada}
    assert sales.who(FAMILY, "subscriber_status", "!=", "1") == {bob}
    assert sales.who(FAMILY, "subscriber_status", ">=", "0") == {ada, bob}
    subscribed = leaf(FAMILY, "subscriber_status", "==", "1")
    assert sales.matching(every(subscribed, expects=False)) == {bob, eve}


def test_a_change_without_a_date_satisfies_no_operator(sales: SalesBuilder) -> None:
    ada, subscriber = sales.shop.customer(), sales.shop.tables.subscriber
    sales.shop.customer()
    changed_at = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    sales.shop.change(subscriber, {"customer_id": ada}, change_status_at=changed_at)

    assert sales.who(FAMILY, "change_status_at", "==", "2026-03-01") == {ada}
    assert sales.who(FAMILY, "change_status_at", "<=", "2026-03-01") == {ada}
    assert sales.who(FAMILY, "change_status_at", "!=", "2026-03-01") == set()


def test_an_unknown_attribute_is_refused(sales: SalesBuilder) -> None:
    with pytest.raises(ConditionError, match="is unknown"):
        sales.who(FAMILY, "nosuch", "==", "1")
