"""Why a coupon of a sales rule would be refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from segmail.maho.rules import Rule, definition_fault, rule_fault
from tests.each_case import for_each

TODAY = date(2026, 3, 10)
RULE = Rule(
    rule_id=7,
    name="Cart 10%",
    description=None,
    is_active=True,
    coupon_type=2,
    use_auto_generation=True,
    uses_per_customer=2,
    from_date=TODAY,
    to_date=TODAY,
    simple_action="by_percent",
    discount_amount=Decimal(10),
    website_ids=frozenset({1, 2}),
    group_ids=frozenset({0, 1}),
)


def _fault(rule: Rule | None = RULE, **visitor: Any) -> str | None:
    return rule_fault(rule, **{"today": TODAY, "website_id": 1, "group_id": 1, **visitor})


def test_a_rule_is_usable_on_its_first_and_last_day() -> None:
    assert _fault() is None
    assert definition_fault(RULE) is None


def test_a_rule_without_dates_is_always_usable() -> None:
    assert _fault(replace(RULE, from_date=None, to_date=None)) is None


@for_each(
    ("rule", "reason"),
    [
        (None, "does not exist"),
        (replace(RULE, is_active=False), 'Sales rule 7 "Cart 10%" is not active.'),
        (replace(RULE, coupon_type=1), "Specific Coupon"),
        (replace(RULE, coupon_type=3), "Specific Coupon"),
        (replace(RULE, use_auto_generation=False), "Use Auto Generation"),
    ],
)
def test_a_rule_that_can_make_no_coupons_says_why(rule: Rule | None, reason: str) -> None:
    assert reason in str(definition_fault(rule))
    assert _fault(rule) == definition_fault(rule)


@for_each(
    ("visitor", "reason"),
    [
        ({"today": date(2026, 3, 9)}, "starts on 2026-03-10"),
        ({"today": date(2026, 3, 11)}, "ended on 2026-03-10"),
        ({"website_id": 3}, "website 3"),
        ({"website_id": None}, "website"),
        ({"group_id": 2}, "group 2"),
        ({"times_used": 2}, "was used 2 of 2 times"),
    ],
)
def test_what_the_checkout_would_refuse_is_a_fault(visitor: dict[str, Any], reason: str) -> None:
    assert reason in str(_fault(**visitor))


def test_group_zero_is_a_group_and_zero_uses_are_no_limit() -> None:
    assert _fault(group_id=0, times_used=1) is None
    assert _fault(replace(RULE, uses_per_customer=0), times_used=9) is None
