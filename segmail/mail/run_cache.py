"""What a run keeps at hand: stores, locales, templates compiled once, the customers' attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from segmail.errors import ConfigError, Fault, TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import Customer, CustomerAttributes, Subscriber
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale, load_rates
from segmail.maho.storefront.site import Sites, StoreSite
from segmail.maho.storefront.stores import Store, Stores
from segmail.templates import Kind, Template, compile_template, is_secret

_TEXT_TYPE = 1  # newsletter_template.template_type: 1 text, 2 HTML


@dataclass(frozen=True)
class Newsletter:
    """A newsletter template, compiled."""

    template_id: int
    code: str
    html: bool
    subject: Template
    body: Template
    styles: str | None
    sender_name: str
    sender_email: str


class Shelf:
    """Loaded once a run; templates and locales are made when first asked for."""

    def __init__(
        self,
        config: StoreConfig,
        stores: Stores,
        sites: Sites,
        attributes: CustomerAttributes,
        rates: dict[tuple[str, str], Decimal],
        templates: dict[int, Row[Any]],
        *,
        autoescape: bool,
    ) -> None:
        self.config = config
        self.attributes = attributes
        self._stores = stores
        self._sites = sites
        self._rates = rates
        self._rows = templates
        self._autoescape = autoescape
        self._compiled: dict[int, Newsletter | TemplateError] = {}
        self._locales: dict[int, StoreLocale] = {}

    @classmethod
    def load(
        cls,
        shop: Shop,
        config: StoreConfig,
        steps: Sequence[Step],
        *,
        maho_root: Path | None,
        autoescape: bool = False,
    ) -> Shelf:
        """Read what every batch of a run needs, with a fixed number of statements.

        Raises ConfigError for stores that cannot be written from (an unknown time zone), all at
        once and before anything is claimed.
        """
        tables = shop.tables
        used = {step.template_id for step in steps}
        with shop.database.read() as connection:
            stores = Stores.load(connection, tables)
            attributes = CustomerAttributes.load(connection, tables)
            rates = load_rates(connection, tables)
            query = select(tables.template).where(tables.template.c.template_id.in_(used))
            templates = {row.template_id: row for row in connection.execute(query)}
        sites = Sites(shop.database, tables, config, stores, maho_root)
        shelf = cls(config, stores, sites, attributes, rates, templates, autoescape=autoescape)
        shelf._check_locales()
        return shelf

    def newsletter(self, template_id: int) -> Newsletter:
        """Return a template, compiled; raise TemplateError where it is missing or broken."""
        if template_id not in self._compiled:
            try:
                row = self._rows.get(template_id)
                self._compiled[template_id] = _compile(template_id, row, self._autoescape)
            except TemplateError as error:
                self._compiled[template_id] = error
        found = self._compiled[template_id]
        if isinstance(found, TemplateError):
            raise found
        return found

    def needed_attributes(self) -> frozenset[str]:
        """Return the customers' attributes that the steps' templates may read."""
        codes: set[str] = set()
        site = self._sites.of(self._stores.default)
        for template_id in self._rows:
            try:
                newsletter = self.newsletter(template_id)
                needs = [part.all_needs(site) for part in (newsletter.subject, newsletter.body)]
            except TemplateError:
                continue  # the steps of a broken template fail by themselves, with the reason
            for need in needs:
                codes |= need.members.get("customer", frozenset())
                if need.everything:
                    codes |= self.attributes.by_code.keys()
        return frozenset(code for code in codes if not is_secret(code))

    def store_of(self, customer: Customer, subscriber: Subscriber) -> Store:
        """Return the store in whose words and links a customer is written to."""
        return self._stores.for_customer(
            subscriber.store_id, customer.store_id, customer.website_id
        )

    def default_locale(self) -> StoreLocale:
        """Return how the shop's default store speaks."""
        return self.locale(self._stores.default)

    def site(self, store: Store) -> StoreSite:
        """Return what templates may see of a store."""
        return self._sites.of(store)

    def _check_locales(self) -> None:
        faults: dict[Fault, None] = {}
        for store in self._stores.stores.values():
            try:
                self.locale(store)
            except ConfigError as error:
                faults |= dict.fromkeys(error.faults)
        if faults:
            raise ConfigError(faults)

    def locale(self, store: Store) -> StoreLocale:
        """Return how a store speaks; raise ConfigError for an unknown time zone."""
        if store.store_id not in self._locales:
            self._locales[store.store_id] = StoreLocale.of(self.config, store.store_id, self._rates)
        return self._locales[store.store_id]


def _compile(template_id: int, row: Row[Any] | None, autoescape: bool) -> Newsletter:
    if row is None:
        raise TemplateError(f"Newsletter template {template_id} does not exist.")
    html = row.template_type != _TEXT_TYPE
    try:
        subject = compile_template(row.template_subject or "", kind=Kind.SUBJECT)
        body = compile_template(
            row.template_text or "",
            kind=Kind.HTML if html else Kind.TEXT,
            autoescape=autoescape,
            styles=row.template_styles,
        )
    except TemplateError as error:
        raise TemplateError(f"Template '{row.template_code}': {error}") from error
    return Newsletter(
        template_id=template_id,
        code=row.template_code or str(template_id),
        html=html,
        subject=subject,
        body=body,
        styles=row.template_styles if html else None,
        sender_name=row.template_sender_name or "",
        sender_email=row.template_sender_email or "",
    )
