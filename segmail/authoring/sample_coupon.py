"""The coupon of a rendering: what a step would make, but nothing is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from segmail.coupons import Coupon, expires_at, sample_code
from segmail.errors import CouponError
from segmail.maho.customers import Customer
from segmail.maho.rules import Rule, definition_fault, load_rules, load_uses, rule_fault
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale
from segmail.maho.storefront.stores import Store

_NOBODY = 1  # the customer's id in the sample code where there is no customer


@dataclass(frozen=True)
class SampleCoupon:
    """A coupon with a code that no checkout knows; `warnings` say why a send would fail."""

    coupon: Coupon
    rule: Rule
    warnings: Sequence[str]


def sample_coupon(
    connection: Connection,
    tables: Tables,
    step: Step,
    customer: Customer | None,
    store: Store,
    locale: StoreLocale,
    *,
    now: datetime,
) -> SampleCoupon:
    """Return the coupon that a step would make now, its random letters all X.

    Raises CouponError where the sales rule does not exist or the expiry cannot be stored.
    """
    rules = load_rules(connection, tables, [step.rule_id] if step.rule_id else [])
    rule = rules.get(step.rule_id or 0)
    if rule is None:
        raise CouponError(definition_fault(rule) or "")
    if customer is None:
        fault = definition_fault(rule)
    else:
        uses = load_uses(connection, tables, [rule], [customer.customer_id])
        fault = rule_fault(
            rule,
            today=locale.today(now),
            website_id=store.website_id,
            group_id=customer.group_id,
            times_used=uses.get((rule.rule_id, customer.customer_id), 0),
        )
    customer_id = customer.customer_id if customer else _NOBODY
    code = sample_code(step.coupon_prefix, customer_id)
    expires = expires_at(step.coupon_expires_days, locale, rule, now=now)
    return SampleCoupon(Coupon(code, rule.rule_id, expires, now), rule, _warnings(fault))


def _warnings(fault: str | None) -> Sequence[str]:
    return (f"{fault} A send would fail.",) if fault else ()
