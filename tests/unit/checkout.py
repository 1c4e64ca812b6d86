"""A model of what Maho's checkout asks of a coupon; `test_coupon_checkout.py` proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from segmail.coupons.codes import fold
from segmail.maho.rules import Rule


@dataclass(frozen=True)
class Visit:
    """Somebody who types a code; `customer_id` is None for a guest."""

    typed: str
    local_now: datetime
    website_id: int = 1
    group_id: int = 1
    customer_id: int | None = 1
    rule_uses: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredCoupon:
    """The columns of `salesrule_coupon` that the checkout reads."""

    code: str
    expiration_date: datetime | None
    type: int = 1
    usage_limit: int | None = 1
    usage_per_customer: int | None = 1
    times_used: int = 0
    uses: Mapping[int, int] = field(default_factory=dict)


def checkout_accepts(coupon: StoredCoupon, rule: Rule, visit: Visit) -> bool:
    """Return whether the code is kept; the rule's conditions on the cart are not modelled."""
    return (
        fold(visit.typed) == fold(coupon.code)
        and _rule_applies(rule, visit)
        and _kinds_match(rule, coupon)
        and _in_time(coupon, visit)
        and _uses_left(coupon, rule, visit)
    )


def _rule_applies(rule: Rule, visit: Visit) -> bool:
    today = visit.local_now.date()
    return (
        rule.is_active
        and visit.website_id in rule.website_ids
        and visit.group_id in rule.group_ids
        and (rule.from_date is None or rule.from_date <= today)
        and (rule.to_date is None or today <= rule.to_date)
    )


def _kinds_match(rule: Rule, coupon: StoredCoupon) -> bool:
    if rule.coupon_type == 3:
        return coupon.type == 0
    return rule.coupon_type == 2 and coupon.type == int(rule.use_auto_generation)


def _in_time(coupon: StoredCoupon, visit: Visit) -> bool:
    """Maho compares two strings without a time zone."""
    if coupon.expiration_date is None:
        return True
    return f"{coupon.expiration_date:%F %T}" >= f"{visit.local_now:%F %T}"


def _uses_left(coupon: StoredCoupon, rule: Rule, visit: Visit) -> bool:
    if coupon.usage_limit and coupon.times_used >= coupon.usage_limit:
        return False
    if visit.customer_id is None:
        return True
    limits = (
        (coupon.usage_per_customer, coupon.uses.get(visit.customer_id, 0)),
        (rule.uses_per_customer, visit.rule_uses.get(visit.customer_id, 0)),
    )
    return not any(limit and used >= limit for limit, used in limits)
