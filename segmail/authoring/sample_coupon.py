"""The coupon of a rendering: what a step would make, but nothing is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from segmail.coupons import Coupon, CouponBasis, coupon_fault, coupon_for
from segmail.errors import CouponError
from segmail.maho.customers import Customer
from segmail.maho.rules import Rule
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
    customer_id = customer.customer_id if customer else None
    basis = CouponBasis.load(connection, tables, step, customer_id)
    fault = coupon_fault(basis, customer, store.website_id, locale, now=now)
    if basis.rule is None:
        raise CouponError(fault or "")
    coupon = coupon_for(step, customer_id or _NOBODY, basis.rule, locale, now=now, sample=True)
    return SampleCoupon(coupon, basis.rule, _warnings(fault))


def _warnings(fault: str | None) -> Sequence[str]:
    return (f"{fault} A send would fail.",) if fault else ()
