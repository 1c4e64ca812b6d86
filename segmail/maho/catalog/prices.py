"""What a product costs now, as its page shows it; nothing if that is not certain."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from segmail.maho.catalog.products import IndexedPrice, Product
from segmail.maho.catalog.tax import Taxes
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.icu import money_text
from segmail.maho.storefront.locale import StoreLocale

_FROM = ("bundle", "grouped")  # their cost depends on what is chosen


@dataclass(frozen=True)
class Price:
    """A price as text; two texts if the shop shows it without and with tax.

    `was` is the regular price of a reduced product: one text, or none. `starts_at` means that the
    customer's choice may cost more.
    """

    now: tuple[str, ...]
    was: tuple[str, ...] = ()
    starts_at: bool = False


@dataclass(frozen=True)
class PriceList:
    """Prices as one store view shows them at one moment; `today` is the day in its website."""

    taxes: Taxes
    config: StoreConfig
    locale: StoreLocale
    store_id: int
    today: dt.date

    def price_of(self, product: Product, group_id: int) -> Price | None:
        """Return the price for a customer group; None if it is not certain.

        Special prices and catalog rules begin and end at midnight, and Maho's index follows some
        time later: while both differ, there is no price. Nor is there one if Maho hides prices
        until the cart (`sales/msrp/enabled`).
        """
        indexed = product.indexed
        if indexed is None or self._hides_prices(product) or not is_certain(product, self.today):
            return None
        starts_at = product.type_id in _FROM
        amount = indexed.minimum if starts_at else indexed.final
        if amount is None or (starts_at and amount <= 0):
            return None
        now = self._texts(amount, indexed, group_id)
        if now is None:
            return None
        if product.type_id == "bundle" and not indexed.tax_class_id:
            now = now[-1:]  # its parts are taxed, not the product: Maho, too, shows one amount
        regular = None if starts_at else indexed.price
        if regular is None or regular <= amount:
            return Price(now, starts_at=starts_at)
        was = self._texts(regular, indexed, group_id) or ()
        return Price(now, was[-1:])  # with tax, if the shop shows both

    def _hides_prices(self, product: Product) -> bool:
        return product.has_msrp and self.config.flag("sales/msrp/enabled", self.store_id)

    def _texts(
        self, amount: Decimal, indexed: IndexedPrice, group_id: int
    ) -> tuple[str, ...] | None:
        locale = self.locale
        converted = Decimal(repr(float(amount) * float(locale.rate))).quantize(
            Decimal("0.01"), ROUND_HALF_UP
        )
        shown = self.taxes.shown(converted, self.store_id, group_id, indexed.tax_class_id)
        if shown is None:
            return None
        return tuple(
            money_text(it, locale.display_currency, locale.locale, locale.symbol) for it in shown
        )


def is_certain(product: Product, today: dt.date) -> bool:
    """Return whether the index has the price that the product's page shows today."""
    indexed = product.indexed
    if product.type_id in _FROM:
        _, first, last = product.special
        dated = product.special[0] is not None and (first or last)
        return not dated and all(
            is_certain(part, today) for part in product.parts if part.indexed is not None
        )
    if indexed is None or indexed.price is None or indexed.final is None:
        return False
    offers = [indexed.price, indexed.group, indexed.rules.get(today)]
    special, first, last = product.special
    if special is not None and (first or today) <= today <= (last or today):
        offers.append(special)
    return indexed.final == min(offer for offer in offers if offer is not None)
