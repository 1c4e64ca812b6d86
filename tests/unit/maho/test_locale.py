"""Money, dates and clocks of a store, against what Maho printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from segmail.maho.config.store_config import ConfigRow, ConfigStore, StoreConfig
from segmail.maho.storefront.icu import day_text, money_text
from segmail.maho.storefront.locale import StoreLocale
from tests.each_case import for_each

_RECORDED = json.loads((Path(__file__).parents[2] / "golden/money_dates.json").read_text())
_SCOPES = [
    pytest.param(case, store_id, recorded, id=f"{case['case']}, store {store_id}")
    for case in _RECORDED["cases"]
    for store_id, recorded in case["stores"].items()
]

# What Maho printed for an expiry that segmail never has, because its column cannot hold it.
_NO_EXPIRY = {
    "": "Maho leaves the variable unset; segmail's coupon without an expiry prints ''",
    "not a date": "no literal of a date",
    "2026-13-45 99:99:99": "no literal of a date",
    "0000-00-00 00:00:00": "a zero date reads as no expiry, not as a day in the year 2",
}

# What ICU 76.1 prints: 5 and 1234567.89 by currency, and the fifth of each month of 2024.
_ICU = json.loads((Path(__file__).parents[2] / "golden/icu_76.json").read_text())


def _config(*rows: tuple[str, int, str, str | None]) -> StoreConfig:
    return StoreConfig.from_rows(
        [ConfigRow(*row) for row in rows],
        [ConfigStore(0, "admin", 0), ConfigStore(1, "default", 1), ConfigStore(2, "other", 2)],
    )


def _locale(
    *rows: tuple[str, int, str, str | None],
    rates: Mapping[tuple[str, str], Decimal] | None = None,
) -> StoreLocale:
    return StoreLocale.of(_config(*rows), 1, rates or {})


def _expiry_day(text: str, locale: StoreLocale) -> date:
    return locale.today(datetime.fromisoformat(text).replace(tzinfo=UTC))


def _recorded_locale(case: dict[str, Any], store_id: str) -> StoreLocale:
    rates = {(source, target): Decimal(rate) for source, target, rate in case["rates"]}
    return StoreLocale.of(_config(*map(tuple, case["config"])), int(store_id), rates)


@for_each(("case", "store_id", "recorded"), _SCOPES)
def test_currencies_and_time_zone_are_mahos(
    case: dict[str, Any], store_id: str, recorded: dict[str, Any]
) -> None:
    found = _recorded_locale(case, store_id)

    assert {key: getattr(found, key) for key in ("locale", "timezone")} == {
        key: recorded[key] for key in ("locale", "timezone")
    }
    assert found.base_currency == recorded["base_currency"]
    assert found.display_currency == recorded["display_currency"]


@for_each(("case", "store_id", "recorded"), _SCOPES)
def test_expiry_days_are_written_as_maho_writes_them(
    case: dict[str, Any], store_id: str, recorded: dict[str, Any]
) -> None:
    locale = _recorded_locale(case, store_id)
    expected = {text: day for text, day in recorded["expires"].items() if text not in _NO_EXPIRY}

    written = {text: locale.date(_expiry_day(text, locale)) for text in expected}

    assert written == expected
    assert len(expected) + len(_NO_EXPIRY) == len(recorded["expires"])


@for_each(
    ("currency", "locale", "text"),
    [
        ("CHF", "en_US", "CHF\u00a01,234.50"),
        ("CHF", "fr_CH", "1\u202f234.50\u00a0CHF"),
        ("CHF", "de_CH", "CHF\u00a01’234.50"),
        ("USD", "es_AR", "US$\u00a01.234,50"),
        ("EUR", "de_AT", "€\u00a01.234,50"),
        ("JPY", "ja_JP", "￥1,234"),
        ("KWD", "en_GB", "KWD\u00a01,234.500"),
        ("USD", "fa_IR", "\u200e$۱٬۲۳۴٫۵۰"),
        ("BDT", "bn_BD", "১,২৩৪.৫০৳"),
    ],
)
def test_money_is_written_as_phps_intl_writes_it(currency: str, locale: str, text: str) -> None:
    assert money_text(Decimal("1234.5"), currency, locale) == text


@for_each("locale", _ICU)
def test_money_and_days_do_not_depend_on_babels_version(locale: str) -> None:
    recorded = {key: texts for key, texts in _ICU[locale].items() if key != "days"}
    days = _ICU[locale].get("days", [])

    money = {
        currency: [money_text(Decimal(sum_), currency, locale) for sum_ in ("5", "1234567.89")]
        for currency in recorded
    }

    assert money == recorded
    assert [day_text(date(2024, month, 5), locale) for month in range(1, len(days) + 1)] == days


def test_arabic_dates_have_arabic_digits() -> None:
    assert day_text(date(2026, 12, 31), "ar_EG") == "٣١\u200f/١٢\u200f/٢٠٢٦"


@pytest.mark.parametrize(
    ("code", "text"), [("es_EU", "31 dic 2026"), ("xx_YY", "Dec 31, 2026"), ("??", "Dec 31, 2026")]
)
def test_an_unknown_locale_falls_back_to_its_language_then_to_english(code: str, text: str) -> None:
    assert day_text(date(2026, 12, 31), code) == text


def test_a_product_that_is_no_exact_binary_number_is_rounded_as_in_php() -> None:
    locale = _locale(
        ("default", 0, "currency/options/base", "EUR"),
        ("default", 0, "currency/options/default", "USD"),
        rates={("EUR", "USD"): Decimal("0.95")},
    )

    assert locale.money(Decimal("1234.5000")) == "$1,172.77"


@pytest.mark.parametrize("rates", [{}, {("EUR", "USD"): Decimal(0)}])
def test_without_a_rate_amounts_stay_in_base_currency(
    rates: dict[tuple[str, str], Decimal],
) -> None:
    locale = _locale(("default", 0, "currency/options/base", "EUR"), rates=rates)

    assert locale.money(Decimal(5)) == "€5.00"


def test_a_display_currency_that_is_not_allowed_gives_way_to_the_first_that_is() -> None:
    locale = _locale(
        ("default", 0, "currency/options/default", "GBP"),
        ("default", 0, "currency/options/allow", "EUR,USD"),
        rates={("USD", "EUR"): Decimal("0.5"), ("USD", "GBP"): Decimal(2)},
    )

    assert locale.money(Decimal(5)) == "€2.50"


@pytest.mark.parametrize(("scope", "base"), [("0", "EUR"), ("1", "GBP")])
def test_the_base_currency_is_the_websites_only_with_website_prices(scope: str, base: str) -> None:
    locale = _locale(
        ("default", 0, "catalog/price/scope", scope),
        ("default", 0, "currency/options/base", "EUR"),
        ("websites", 1, "currency/options/base", "GBP"),
    )

    assert locale.base_currency == base


@for_each(
    ("stored", "shown"),
    [
        ('{"USD_en_US": "US$", "USD": "x"}', "US$5.00"),
        ('{"USD": "dollars"}', "dollars\u00a05.00"),
        ('{"USD_en_US": "", "USD": "x"}', "$5.00"),
        ('a:2:{s:3:"EUR";s:3:"€";s:9:"USD_en_US";s:3:"US$";}', "US$5.00"),
        ('a:1:{s:3:"USD";s:4:";s:1";}', ";s:1\u00a05.00"),
        ('{"EUR": "E"}', "$5.00"),
        ("a:1:{broken", "$5.00"),
        ("broken", "$5.00"),
        ("[1]", "$5.00"),
        ("", "$5.00"),
    ],
)
def test_the_merchants_own_symbol_is_used(stored: str, shown: str) -> None:
    locale = _locale(("default", 0, "currency/options/customsymbol", stored))

    assert locale.money(Decimal(5)) == shown


@for_each("name", ["Europe/Atlantis", "Europe", "../UTC", "\0"])
def test_an_unknown_time_zone_is_reported_with_path_and_value(name: str) -> None:
    locale = _locale(("stores", 1, "general/locale/timezone", name))

    assert f"general/locale/timezone: '{name}' of store 1" in str(locale.timezone_fault)
    assert locale.timezone == "UTC"


def test_an_empty_time_zone_is_utc_as_in_maho() -> None:
    assert _locale(("default", 0, "general/locale/timezone", "")).timezone == "UTC"


def test_the_store_day_begins_at_the_stores_midnight() -> None:
    locale = _locale(("stores", 1, "general/locale/timezone", "Asia/Tokyo"))

    assert locale.today(datetime(2026, 3, 10, 14, 59, 59, tzinfo=UTC)) == date(2026, 3, 10)
    assert locale.today(datetime(2026, 3, 10, 15, 0, 0, tzinfo=UTC)) == date(2026, 3, 11)


@for_each(
    ("locale", "shown"),
    [
        ("en_US", "-€5.00"),
        ("de_DE", "-5,00\u00a0€"),
        ("nl_NL", "€\u00a0-5,00"),
        ("sv_SE", "−5,00\u00a0€"),
        ("nb_NO", "−5,00\u00a0€"),
        ("fi_FI", "−5,00\u00a0€"),
        ("et_EE", "−5,00\u00a0€"),
        ("da_DK", "-5,00\u00a0€"),
    ],
)
def test_a_negative_amount_has_the_minus_of_its_locale_as_icu_writes_it(
    locale: str, shown: str
) -> None:
    assert money_text(Decimal(-5), "EUR", locale) == shown
