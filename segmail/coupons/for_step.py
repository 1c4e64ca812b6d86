"""The coupon of a step for one customer: whether it may be made, and how; real or a sample."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from segmail.coupons.codes import new_code, sample_code
from segmail.coupons.coupon import Coupon, expires_at
from segmail.coupons.prefixes import normal_prefix
from segmail.maho.customers import Customer
from segmail.maho.rules import Rule, definition_fault, load_rules, load_uses, rule_fault
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale


@dataclass(frozen=True)
class CouponBasis:
    """The facts from which a step's coupon is made for one customer.

    `uses` is how often the customer used the rule; `own` is the coupon to show instead of a new
    one: one of an earlier attempt that is still valid, or a sample.
    """

    rule: Rule | None
    uses: int = 0
    own: Coupon | None = None

    @classmethod
    def load(cls, tx: Transaction, step: Step, customer_id: int | None) -> CouponBasis:
        """Read them for one step and customer; batches read many at once."""
        rule = load_rules(tx, [step.rule_id]).get(step.rule_id) if step.rule_id else None
        if rule is None or customer_id is None:
            return cls(rule)
        uses = load_uses(tx, [rule], [customer_id])
        return cls(rule, uses.get((rule.rule_id, customer_id), 0))


def coupon_fault(
    basis: CouponBasis,
    customer: Customer | None,
    website_id: int,
    locale: StoreLocale,
    *,
    now: datetime,
) -> str | None:
    """Return why the checkout would refuse a coupon of this rule; None if it would not.

    Without a customer, only the rule itself is checked.
    """
    if customer is None or basis.rule is None:
        return definition_fault(basis.rule)
    return rule_fault(
        basis.rule,
        today=locale.today(now),
        website_id=website_id,
        group_id=customer.group_id,
        times_used=basis.uses,
    )


def coupon_for(
    step: Step,
    customer_id: int,
    rule: Rule,
    locale: StoreLocale,
    *,
    now: datetime,
    sample: bool = False,
) -> Coupon:
    """Return the coupon that a step makes now; nothing is written.

    A sample's code has X for its random letters, and no checkout knows it. Raises CouponError if
    the expiry cannot be stored.
    """
    code = (sample_code if sample else new_code)(step.coupon_prefix, customer_id)
    expires = expires_at(step.coupon_expires_days, locale, rule, now=now)
    return Coupon(code, rule.rule_id, expires, now, normal_prefix(step.coupon_prefix))
