"""A coupon for one customer: its code, how long it is valid, and its template variables."""

from segmail.coupons.codes import (
    belongs_to,
    code_in_text,
    code_owner,
    made_by_automation,
    new_code,
    sample_code,
)
from segmail.coupons.counting import count_coupons
from segmail.coupons.coupon import Coupon, expires_at
from segmail.coupons.earlier_steps import Asking, coupons_of_earlier_steps
from segmail.coupons.for_step import CouponBasis, MailedCoupon, coupon_fault, coupon_for
from segmail.coupons.prefixes import prefixes_by_rule, prefixes_of, remember_prefix_of
from segmail.coupons.redeemed import redeemed_since
from segmail.coupons.storage import (
    AUTO_GENERATED,
    CouponsRefused,
    EarlierCoupon,
    insert_coupons,
    own_unused_coupons,
)
from segmail.coupons.variables import COUPON_VARIABLES, NONE_OWN, coupon_variables, discount_text

__all__ = [
    "AUTO_GENERATED",
    "COUPON_VARIABLES",
    "NONE_OWN",
    "Asking",
    "Coupon",
    "CouponBasis",
    "CouponsRefused",
    "EarlierCoupon",
    "MailedCoupon",
    "belongs_to",
    "code_in_text",
    "code_owner",
    "count_coupons",
    "coupon_fault",
    "coupon_for",
    "coupon_variables",
    "coupons_of_earlier_steps",
    "discount_text",
    "expires_at",
    "insert_coupons",
    "made_by_automation",
    "new_code",
    "own_unused_coupons",
    "prefixes_by_rule",
    "prefixes_of",
    "redeemed_since",
    "remember_prefix_of",
    "sample_code",
]
