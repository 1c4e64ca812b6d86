"""What a template is told of a coupon, against what Maho told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from segmail.coupons import Coupon, coupon_variables, discount_text
from segmail.coupons.words import TRANSLATIONS
from segmail.maho.config.store_config import ConfigRow, ConfigStore, StoreConfig
from segmail.maho.rules import Rule
from segmail.maho.storefront.locale import StoreLocale
from segmail.settings import CouponWords
from tests.each_case import for_each

_RECORDED = json.loads((Path(__file__).parents[1] / "golden/money_dates.json").read_text())
_TEXTS = [
    pytest.param(case, store_id, rule, id=f"{case['case']}, store {store_id}, {rule['name']}")
    for case in _RECORDED["cases"]
    for store_id in case["stores"]
    for rule in _RECORDED["rules"]
]

_MADE = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
_LOCALE = StoreLocale("en_US", "UTC", "USD", "USD")


def _rule(action: str, amount: str, description: str | None = None) -> Rule:
    return Rule(
        rule_id=1,
        name="a rule",
        description=description,
        is_active=True,
        coupon_type=2,
        use_auto_generation=True,
        uses_per_customer=0,
        from_date=None,
        to_date=None,
        simple_action=action,
        discount_amount=Decimal(amount),
        website_ids=frozenset({1}),
        group_ids=frozenset({1}),
    )


def _coupon(expires: str | None = None) -> Coupon:
    return Coupon("CART42", 1, datetime.fromisoformat(expires) if expires else None, _MADE)


def _recorded_locale(case: dict[str, Any], store_id: str) -> StoreLocale:
    config = StoreConfig.from_rows(
        [ConfigRow(*row) for row in case["config"]],
        [ConfigStore(0, "admin", 0), ConfigStore(1, "default", 1)],
    )
    rates = {(source, target): Decimal(rate) for source, target, rate in case["rates"]}
    return StoreLocale.of(config, int(store_id), rates)


@for_each(("case", "store_id", "rule"), _TEXTS)
def test_discounts_are_told_as_maho_tells_them(
    case: dict[str, Any], store_id: str, rule: dict[str, Any]
) -> None:
    locale = _recorded_locale(case, store_id)
    made_of = _rule(rule["simple_action"], rule["discount_amount"], rule["description"])

    told = coupon_variables(_coupon(), made_of, locale, markup=True)

    recorded = case["stores"][store_id]["texts"][rule["name"]] or ""
    recorded = recorded.replace("33.3333%", "33.33%")  # two decimals are enough for a person
    assert told["coupon_discount_text"] == recorded
    assert told["coupon_description"] == (rule["description"] or "")
    assert told["coupon_discount_amount"] == str(rule["printed"])


def test_without_markup_money_is_plain_text() -> None:
    recorded = {
        rule["name"]: coupon_variables(
            _coupon(), _rule(rule["simple_action"], rule["discount_amount"]), _LOCALE, markup=markup
        )["coupon_discount_text"]
        for markup in (True, False)
        for rule in _RECORDED["rules"]
        if rule["simple_action"].endswith("_fixed")
    }

    assert not any(re.search("[<>]", str(text)) for text in recorded.values())
    assert recorded["by_fixed 5"] == "$5.00 off"
    assert recorded["cart_fixed 20"] == "$20.00 off your order"


@for_each(
    ("stored", "printed", "percent"),
    [
        ("10.0000", "10", "10"),
        ("12.5000", "12.5", "12.5"),
        ("33.3333", "33.3333", "33.33"),
        ("66.6650", "66.665", "66.67"),
        ("0.0000", "0", "0"),
        ("0.0001", "0.0001", "0.0001"),
        ("100", "100", "100"),
        ("1234567.8910", "1234567.891", "1234567.89"),
    ],
)
def test_amounts_have_neither_zeros_behind_nor_exponents(
    stored: str, printed: str, percent: str
) -> None:
    told = coupon_variables(_coupon(), _rule("by_percent", stored), _LOCALE, markup=True)

    assert told["coupon_discount_amount"] == printed
    assert told["coupon_discount_text"] == f"{percent}% off"


@for_each(
    ("locale", "action", "amount", "told"),
    [
        ("en_US", "by_percent", "0", "free shipping"),
        ("en_US", "by_percent", "15", "15% off and free shipping"),
        ("en_US", "cart_fixed", "20", "$20.00 off your order and free shipping"),
        ("en_US", "buy_x_get_y", "0", "free shipping"),
        ("de_AT", "by_percent", "12.5", "12,5\xa0% Rabatt und kostenloser Versand"),
        ("it_IT", "by_percent", "0", "spedizione gratuita"),
        ("ar_SA", "by_percent", "15", "خصم ١٥٪ وشحن مجاني"),
        ("eu_ES", "by_percent", "15", "15% off and free shipping"),
    ],
)
def test_free_shipping_is_told_in_the_stores_language(
    locale: str, action: str, amount: str, told: str
) -> None:
    rule = replace(_rule(action, amount), free_shipping=True)

    assert discount_text(rule, StoreLocale(locale, "UTC", "USD", "USD"), markup=False) == told


def test_every_recorded_language_has_words_for_free_shipping() -> None:
    languages = {
        _recorded_locale(case, store_id).locale.partition("_")[0]
        for case in _RECORDED["cases"]
        for store_id in case["stores"]
    }

    assert languages - {"en"} <= set(TRANSLATIONS)


def test_money_beside_free_shipping_is_markup_only_where_html_is_asked_for() -> None:
    rule = replace(_rule("cart_fixed", "20"), free_shipping=True)
    own = {"en": CouponWords(with_free_shipping="{discount} & shipping")}

    html = discount_text(rule, _LOCALE, markup=True, own_words=own)

    price = '<span class="price">$20.00</span>'
    assert html == f"{price} off your order &amp; shipping"


def test_a_merchants_own_words_come_first() -> None:
    own = {"de": CouponWords(percent="{amount} % weniger", free_shipping="Versand gratis")}
    german = StoreLocale("de_DE", "UTC", "EUR", "EUR")
    free = replace(_rule("by_percent", "0"), free_shipping=True)

    assert discount_text(_rule("by_percent", "10"), german, markup=False, own_words=own) == (
        "10 % weniger"
    )
    assert discount_text(free, german, markup=False, own_words=own) == "Versand gratis"


def test_the_expiry_is_the_stores_day_in_both_forms() -> None:
    italian = StoreLocale("it_IT", "Europe/Rome", "EUR", "EUR")

    told = coupon_variables(
        _coupon("2026-12-31 23:59:59"), _rule("by_percent", "10"), italian, markup=False
    )

    assert told["coupon_expires_date"] == date(2026, 12, 31).isoformat()
    assert told["coupon_expires_formatted"] == "31 dic 2026"


def test_a_coupon_without_end_has_empty_expiry_variables() -> None:
    told = coupon_variables(_coupon(), _rule("by_percent", "10"), _LOCALE, markup=False)

    assert told == {
        "coupon_code": "CART42",
        "coupon_expires_date": "",
        "coupon_expires_formatted": "",
        "coupon_discount_amount": "10",
        "coupon_discount_text": "10% off",
        "coupon_description": "",
    }
