"""A coupon's template variables: SPEC, "Available Template Variables for Coupons"."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from types import MappingProxyType

from markupsafe import Markup, escape

from segmail.coupons.coupon import Coupon
from segmail.coupons.words import wording
from segmail.maho.rules import Rule
from segmail.maho.storefront.locale import StoreLocale
from segmail.settings import CouponWords

NONE_OWN: Mapping[str, CouponWords] = MappingProxyType({})

COUPON_VARIABLES = frozenset(
    {
        "coupon_code",
        "coupon_expires_date",
        "coupon_expires_formatted",
        "coupon_discount_amount",
        "coupon_discount_text",
        "coupon_description",
    }
)

_CENT = Decimal("0.01")


def coupon_variables(
    coupon: Coupon,
    rule: Rule,
    locale: StoreLocale,
    *,
    markup: bool,
    own_words: Mapping[str, CouponWords] = NONE_OWN,
) -> dict[str, object]:
    """Return SPEC's six variables; a missing value is ''.

    With `markup`, money is in `<span class="price">`, as everywhere in Maho's HTML; subjects and
    plain-text mails use it without.
    """
    day = coupon.last_day
    return {
        "coupon_code": coupon.code,
        "coupon_expires_date": day.isoformat() if day else "",
        "coupon_expires_formatted": locale.date(day) if day else "",
        "coupon_discount_amount": _plain(rule.discount_amount),
        "coupon_discount_text": discount_text(rule, locale, markup=markup, own_words=own_words),
        "coupon_description": rule.description or "",
    }


def discount_text(
    rule: Rule,
    locale: StoreLocale,
    *,
    markup: bool,
    own_words: Mapping[str, CouponWords] = NONE_OWN,
) -> str:
    """Return the discount in words, the one variable that has a form of its own in HTML.

    A discount alone is worded as Maho words it, in English, unless the merchant has other words.
    Free shipping, for which Maho has no words, and a discount with it are in the store's language.
    `own_words` are the merchant's, by language.
    """
    found = wording(locale.locale, own_words)
    if not rule.free_shipping:
        return _discount(rule, locale, found.alone, local=False, markup=markup)
    discount = _discount(rule, locale, found.local, local=found.is_local, markup=markup)
    if not rule.discount_amount or not discount:
        return found.local.free_shipping
    return _filled(found.local.with_free_shipping, "{discount}", discount)


def _discount(
    rule: Rule, locale: StoreLocale, words: CouponWords, *, local: bool, markup: bool
) -> str:
    """Return the discount without the rule's other benefits; '' if there are no words for it."""
    match rule.simple_action:
        case "by_percent":
            percent = _percent(rule.discount_amount)
            number = locale.number(percent) if local else _plain(percent)
            return words.percent.replace("{amount}", number)
        case "by_fixed":
            pattern = words.fixed
        case "cart_fixed":
            pattern = words.cart
        case _:
            return rule.description or ""
    money = locale.money(rule.discount_amount)
    return _marked_up(pattern, money) if markup else pattern.replace("{amount}", money)


@lru_cache(maxsize=256)  # the coupons of a rule are worth the same
def _marked_up(pattern: str, money: str) -> str:
    price = Markup('<span class="price">{}</span>').format(money)
    return _filled(pattern, "{amount}", price)


def _filled(pattern: str, name: str, value: str) -> str:
    """Put a value into a pattern; if the value is markup, so is the result."""
    if isinstance(value, Markup):
        before, _, after = pattern.partition(name)
        return escape(before) + value + escape(after)
    return pattern.replace(name, value)


def _percent(amount: Decimal) -> Decimal:
    """Return a percentage with at most two decimals, as shops write them; 33.3333 is 33.33."""
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    return rounded or amount


def _plain(number: Decimal) -> str:
    """Return 10, 12.5 or 33.3333: no trailing zeros, no exponent."""
    return format(number.normalize(), "f")
