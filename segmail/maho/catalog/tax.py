"""How much tax is in the catalog's prices, if it is the same for every visitor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.transaction import Transaction

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class TaxRate:
    """A tax rate for one customer class and product class."""

    priority: int
    country: str
    region_id: int
    postcode: str
    is_range: bool
    percent: Decimal


@dataclass(frozen=True)
class Taxes:
    """The shop's tax rules, and the configuration that chooses between them."""

    config: StoreConfig
    rates: Mapping[tuple[int, int], Sequence[TaxRate]]  # by customer and product tax class
    classes: Mapping[int, int]  # customer group → tax class

    @classmethod
    def load(cls, tx: Transaction, config: StoreConfig) -> Taxes:
        """Read the tax rules with two statements."""
        catalog = build_catalog_tables(tx.tables.prefix)
        tax, rate, rule = catalog.tax, catalog.tax_rate, catalog.tax_rule
        rows = tx.connection.execute(
            select(
                tax.c.customer_tax_class_id,
                tax.c.product_tax_class_id,
                rule.c.priority,
                rate.c.tax_country_id,
                rate.c.tax_region_id,
                rate.c.tax_postcode,
                rate.c.zip_is_range,
                rate.c.rate,
            )
            .join_from(tax, rate, rate.c.tax_calculation_rate_id == tax.c.tax_calculation_rate_id)
            .join(rule, rule.c.tax_calculation_rule_id == tax.c.tax_calculation_rule_id)
        )
        rates: dict[tuple[int, int], list[TaxRate]] = defaultdict(list)
        for customer, product, priority, country, region_id, postcode, is_range, percent in rows:
            rates[customer, product].append(
                TaxRate(priority, country, region_id, postcode or "*", bool(is_range), percent)
            )
        group = tx.tables.customer_group.c
        groups = tx.connection.execute(select(group.customer_group_id, group.tax_class_id))
        return cls(config, rates, {row.customer_group_id: row.tax_class_id for row in groups})

    def shown(
        self, amount: Decimal, store_id: int, group_id: int, product_class: int
    ) -> tuple[Decimal, ...] | None:
        """Return the amounts that a product's page shows for a price, in the store's currency.

        There are two if the shop shows prices without and with tax. None if they depend on the
        visitor's address or on more than one rate.
        """
        includes = self.config.flag("tax/calculation/price_includes_tax", store_id)
        display = self.config.value("tax/display/type", store_id) or "1"
        if self.config.flag("tax/weee/enable", store_id):
            return None
        cents = amount.quantize(_CENT, ROUND_HALF_UP)
        if not includes and display == "1":
            return (cents,)
        percent = self._percent(store_id, group_id, product_class, includes=includes)
        if percent is None:
            return None
        if includes:
            tax = (cents * percent / (100 + percent)).quantize(_CENT, ROUND_HALF_UP)
            without, including = cents - tax, cents
        else:
            tax = (cents * percent / 100).quantize(_CENT, ROUND_HALF_UP)
            without, including = cents, cents + tax
        return {"1": (without,), "2": (including,)}.get(display, (without, including))

    def _percent(
        self, store_id: int, group_id: int, product_class: int, *, includes: bool
    ) -> Decimal | None:
        if not product_class:
            return Decimal(0)
        rates = self.rates.get((self.classes.get(group_id, 0), product_class), ())
        there = self._rate(rates, "tax/defaults/country", "tax/defaults/region", store_id)
        if not includes or there is None:
            return there
        if self.config.flag("tax/calculation/cross_border_trade_enabled", store_id):
            return None
        origin = "shipping/origin"
        here = self._rate(rates, f"{origin}/country_id", f"{origin}/region_id", store_id)
        return there if here == there else None  # Maho recalculates such prices

    def _rate(
        self, rates: Sequence[TaxRate], country: str, region: str, store_id: int
    ) -> Decimal | None:
        """Return the single rate of a place, 0 if there is none, None if it is not certain."""
        place = self.config.value(country, store_id) or "US"
        region_id = self.config.value(region, store_id) or "0"
        found = [
            rate
            for rate in rates
            if rate.country == place and str(rate.region_id) in ("0", region_id)
        ]
        if not found:
            return Decimal(0)
        if len(found) > 1 or found[0].is_range or found[0].postcode != "*":
            return None
        return found[0].percent
