"""What a run keeps in memory: stores, locales, compiled templates, the customers' attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from segmail.errors import ConfigError, TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import Customer, CustomerAttributes, Subscriber
from segmail.maho.newsletters import CompiledNewsletter, compile_newsletter, load_newsletters
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale, load_rates
from segmail.maho.storefront.site import Sites
from segmail.maho.storefront.stores import Store, Stores
from segmail.mail.items.needs import ADDRESSES, ItemNeeds, item_needs
from segmail.mail.items.partials import Partials
from segmail.mail.items.reader import Shelf
from segmail.templates import Needs, is_secret


class RunCache:
    """Loaded once per run; templates and locales are created when first needed."""

    def __init__(
        self,
        shop: Shop,
        config: StoreConfig,
        steps: Sequence[Step],
        *,
        maho_root: Path | None,
        autoescape: bool = False,
    ) -> None:
        """Read what every batch of a run needs, with a fixed number of statements.

        Raises ConfigError, before anything is claimed, if no mail can be written in the name of any
        store, because all their time zones are unknown.
        """
        self.config = config
        self._autoescape = autoescape
        self._compiled: dict[int, CompiledNewsletter | TemplateError] = {}
        self._locales: dict[int, StoreLocale] = {}
        self._item_needs: dict[int, ItemNeeds] = {}
        used = {step.template_id for step in steps}
        with shop.read() as tx:
            stores = Stores.load(tx)
            self.attributes = CustomerAttributes.load(tx)
            self._rates = load_rates(tx)
            self._templates = load_newsletters(tx, tx.tables.template.c.template_id.in_(used))
        self.sites = Sites(shop, config, stores, maho_root)
        faults = [self.locale(store).timezone_fault for store in stores.speaking]
        if faults and all(faults):
            raise ConfigError([fault for fault in faults if fault])

    def newsletter(self, template_id: int) -> CompiledNewsletter:
        """Return a template, compiled; raise TemplateError if it is missing or broken."""
        if template_id not in self._compiled:
            try:
                self._compiled[template_id] = self._compile(template_id)
            except TemplateError as error:
                self._compiled[template_id] = error
        found = self._compiled[template_id]
        if isinstance(found, TemplateError):
            raise found
        return found

    def _compile(self, template_id: int) -> CompiledNewsletter:
        template = self._templates.get(template_id)
        if template is None:
            raise TemplateError(f"Newsletter template {template_id} does not exist.")
        with template.named_in_errors():
            return compile_newsletter(template, autoescape=self._autoescape)

    def item_needs(self, template_id: int) -> ItemNeeds:
        """Return which carts, orders, products and sums a template names, in any store."""
        if template_id not in self._item_needs:
            self._item_needs[template_id] = item_needs(self._needs(template_id))
        return self._item_needs[template_id]

    def shelf(self, tiers: Mapping[str, Decimal]) -> Shelf:
        """Return what item blocks are made from; `tiers` are those of loyalty."""
        stores = self.sites.stores.stores
        locales = {store_id: self.locale(store) for store_id, store in stores.items()}
        return Shelf(self.sites, locales, Partials(self.sites.maho_root), tiers)

    def _needs(self, template_id: int) -> list[Needs]:
        """Return what subject and text need; what they include may differ from store to store."""
        try:
            newsletter = self.newsletter(template_id)
        except TemplateError:
            return []  # the steps of a broken template fail on their own, with the reason
        parts = (newsletter.subject, newsletter.body)
        differ = any(part.needs.blocks or part.needs.emails or part.needs.templates
                     for part in parts)  # fmt: skip
        stores = self.sites.stores.speaking if differ else [self.sites.stores.default]
        return [part.all_needs(self.sites.of(store)) for store in stores for part in parts]

    def needed_attributes(self) -> frozenset[str]:
        """Return the customers' attributes that the steps' templates may read, in any store."""
        codes: set[str] = set()
        for template_id in self._templates:
            if self.item_needs(template_id).addresses:
                codes |= set(ADDRESSES.values())
            for need in self._needs(template_id):
                codes |= need.members.get("customer", frozenset())
                if need.everything:
                    codes |= self.attributes.by_code.keys()
        return frozenset(code for code in codes if not is_secret(code))

    def store_of(self, customer: Customer, subscriber: Subscriber) -> Store:
        """Return the store in whose words and links a customer is written to."""
        return self.sites.stores.for_customer(
            subscriber.store_id, customer.store_id, customer.website_id
        )

    def locale(self, store: Store) -> StoreLocale:
        """Return a store's locale."""
        if store.store_id not in self._locales:
            self._locales[store.store_id] = StoreLocale.of(self.config, store.store_id, self._rates)
        return self._locales[store.store_id]
