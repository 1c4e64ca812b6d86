"""The coupon of a step for one customer: whether it may be made, and how; real or a sample."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from segmail.coupons.codes import new_code, sample_code
from segmail.coupons.coupon import Coupon, expires_at
from segmail.coupons.prefixes import normal_prefix
from segmail.maho.customers import Customer
from segmail.maho.rules import Rule, definition_fault, load_rules, rule_fault
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale


@dataclass(frozen=True)
class CouponBasis:
    """The facts from which a step's coupon is made for one customer.

    `own` is the coupon to show instead of a new one: one of an earlier attempt that is still valid,
    or a sample.
    """

    rule: Rule | None
    own: Coupon | None = None

    @classmethod
    def load(cls, tx: Transaction, step: Step, customer_id: int | None) -> CouponBasis:
        """Read them for one step and customer; batches read many at once."""
        if step.rule_id is None:
            return cls(None)
        asked = [] if customer_id is None else [customer_id]
        return cls(load_rules(tx, [step.rule_id], asked).get(step.rule_id))


@dataclass(frozen=True)
class MailedCoupon:
    """A coupon in a mail that was composed, and the store to which the mail's links lead.

    `is_lent` tells that an earlier step of the run made it.
    """

    coupon: Coupon
    website_id: int
    locale: StoreLocale
    is_lent: bool

    def fault(self, rule: Rule | None, customer: Customer | None, *, now: datetime) -> str | None:
        """Return why the checkout would refuse it now, as its rule is; None if it would not."""
        return coupon_fault(rule, customer, self.website_id, self.locale, now=now)

    def has_expired(self, *, now: datetime) -> bool:
        """Return whether its own last day is over in the store."""
        expires = self.coupon.expires
        return expires is not None and self.locale.local(now) > expires


def coupon_fault(
    rule: Rule | None,
    customer: Customer | None,
    website_id: int,
    locale: StoreLocale,
    *,
    now: datetime,
) -> str | None:
    """Return why the checkout would refuse a coupon of this rule; None if it would not.

    Without a customer, only the rule itself is checked.
    """
    if customer is None or rule is None:
        return definition_fault(rule)
    return rule_fault(
        rule,
        today=locale.today(now),
        website_id=website_id,
        group_id=customer.group_id,
        times_used=rule.used.get(customer.customer_id, 0),
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
