"""How a store writes money and dates, and its time zone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import select

from segmail.errors import ConfigError, Fault
from segmail.maho import php_serialize
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.time_zones import TIMEZONE, time_zone
from segmail.maho.schema.transaction import Transaction
from segmail.maho.storefront.icu import day_text, money_text, number_text

Rates = Mapping[tuple[str, str], Decimal]

_ALLOWED = "currency/options/allow"
_BASE = "currency/options/base"
_DISPLAY = "currency/options/default"
_SYMBOLS = "currency/options/customsymbol"


@dataclass(frozen=True)
class StoreLocale:
    """The language, currency and clock of one store.

    Amounts are given in `base_currency`, in which sales rules are stored, and shown in
    `display_currency`, converted at `rate`. `symbol` is the merchant's own for that currency.
    `timezone_fault` tells of a time zone that is unknown here; the clock shows UTC then.
    """

    locale: str
    timezone: str
    base_currency: str
    display_currency: str
    rate: Decimal = Decimal(1)
    symbol: str | None = None
    timezone_fault: Fault | None = None

    @classmethod
    def of(cls, config: StoreConfig, store_id: int, rates: Rates) -> StoreLocale:
        """Return a store's locale, as Maho determines it for a page of that store."""
        locale = config.value("general/locale/code", store_id) or "en_US"
        base, display, rate = _currencies(config, store_id, rates)
        symbol = _custom_symbol(config.value(_SYMBOLS, store_id) or "", display, locale)
        zone, fault = _timezone(config, store_id)
        return cls(locale, zone, base, display, rate, symbol, fault)

    def money(self, amount: Decimal) -> str:
        """Return `amount` of base currency as the store shows it, such as "$5.00".

        Maho calculates with floating-point numbers, so that 1234.5 at 0.95 is 1,172.77 and not
        1,172.78; a price in a mail must equal the price in the shop.
        """
        shown = Decimal(repr(float(amount) * float(self.rate)))
        return money_text(shown, self.display_currency, self.locale, self.symbol)

    def number(self, number: Decimal) -> str:
        """Return a number as the locale writes it, such as "12,5"."""
        return number_text(number, self.locale)

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return an amount in any currency, as it is stored with carts and orders."""
        symbol = self.symbol if currency == self.display_currency else None
        return money_text(amount, currency, self.locale, symbol)

    def date(self, day: dt.date) -> str:
        """Return `day` in the locale's medium form, such as "Dec 15, 2024"."""
        return day_text(day, self.locale)

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return the store's local time, naive, at an aware moment."""
        return _wall_clock(moment.astimezone(dt.UTC), self.timezone)

    def today(self, now: dt.datetime) -> dt.date:
        """Return the store's calendar day at an aware moment."""
        return self.local(now).date()


@lru_cache(maxsize=256)  # the mails of a batch are made at one moment
def _wall_clock(utc: dt.datetime, timezone: str) -> dt.datetime:
    return utc.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def load_rates(tx: Transaction) -> dict[tuple[str, str], Decimal]:
    """Return the exchange rates by (from, to) with one statement."""
    rate = tx.tables.currency_rate.c
    query = select(rate.currency_from, rate.currency_to, rate.rate)
    return {(row.currency_from, row.currency_to): row.rate for row in tx.connection.execute(query)}


def _currencies(config: StoreConfig, store_id: int, rates: Rates) -> tuple[str, str, Decimal]:
    """Return base currency, shown currency and rate; without a rate the base is shown."""
    global_prices = config.value("catalog/price/scope", store_id) in (None, "", "0")
    base = _code(config.value(_BASE, 0 if global_prices else store_id))
    display = _display_currency(config, store_id)
    rate = Decimal(1) if display == base else rates.get((base, display), Decimal(0))
    return (base, display, rate) if rate > 0 else (base, base, Decimal(1))


def _display_currency(config: StoreConfig, store_id: int) -> str:
    """Return the default currency if it is allowed, else the first that is."""
    display = _code(config.value(_DISPLAY, store_id))
    allowed = [_code(part) for part in (config.value(_ALLOWED, store_id) or "").split(",")]
    return display if display in allowed else allowed[0]


def _code(value: str | None) -> str:
    return (value or "").strip().upper()


def _timezone(config: StoreConfig, store_id: int) -> tuple[str, Fault | None]:
    try:
        zone = time_zone(config.value(TIMEZONE, store_id) or "UTC", of=f" of store {store_id}")
    except ConfigError as error:
        return "UTC", error.faults[0]
    return zone.key, None


def _custom_symbol(stored: str, currency: str, locale: str) -> str | None:
    """Return the merchant's symbol for this currency in this locale, or in every one."""
    symbols = _stored_symbols(stored)
    return symbols.get(f"{currency}_{locale}", symbols.get(currency)) or None


def _stored_symbols(stored: str) -> dict[str, str]:
    """Read what Maho stores as JSON since 26.1 and in PHP's serialize() format before.

    A value that cannot be read is no symbol, as in Maho.
    """
    try:
        if stored.startswith("a:"):
            found: object = php_serialize.loads(stored.encode(errors="surrogatepass"))
        else:
            found = json.loads(stored or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(code): symbol for code, symbol in found.items() if isinstance(symbol, str)}
