"""What a template can say of a coupon: SPEC, "Available Template Variables for Coupons"."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from markupsafe import Markup

from segmail.coupons.coupon import Coupon
from segmail.maho.rules import Rule
from segmail.maho.storefront.locale import StoreLocale


def coupon_variables(
    coupon: Coupon, rule: Rule, locale: StoreLocale, *, markup: bool
) -> dict[str, object]:
    """Return SPEC's six variables; what does not exist is ''.

    With `markup`, money stands in `<span class="price">`, as everywhere in Maho's HTML;
    subjects and plain-text mails take it without.
    """
    day = coupon.last_day
    return {
        "coupon_code": coupon.code,
        "coupon_expires_date": day.isoformat() if day else "",
        "coupon_expires_formatted": locale.date(day) if day else "",
        "coupon_discount_amount": _plain(rule.discount_amount),
        "coupon_discount_text": discount_text(rule, locale, markup=markup),
        "coupon_description": rule.description or "",
    }


def discount_text(rule: Rule, locale: StoreLocale, *, markup: bool) -> str:
    """Return the discount in words, the one variable that HTML has in a form of its own.

    Maho does not translate the words, so neither are they here.
    """
    if rule.simple_action == "by_percent":
        return f"{_plain(rule.discount_amount)}% off"
    if rule.simple_action not in ("by_fixed", "cart_fixed"):
        return rule.description or ""
    money = locale.money(rule.discount_amount)
    what = "off your order" if rule.simple_action == "cart_fixed" else "off"
    return _marked_up(money, what) if markup else f"{money} {what}"


@lru_cache(maxsize=256)  # the coupons of a rule are worth the same
def _marked_up(money: str, what: str) -> Markup:
    return Markup('<span class="price">{}</span> {}').format(money, what)


def _plain(number: Decimal) -> str:
    """Return 10, 12.5 or 33.3333: no zeros at the end, no exponent."""
    return format(number.normalize(), "f")
