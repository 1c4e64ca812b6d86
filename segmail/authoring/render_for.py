"""The shop's side of a rendering: customer, step and store, and the variables they provide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from segmail.coupons import (
    Coupon,
    CouponBasis,
    coupon_fault,
    coupon_for,
    coupon_variables,
)
from segmail.errors import CouponError, InputError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import Customer, Subscriber, load_customers, load_subscribers
from segmail.maho.lookup import Named, find_customer, find_named
from segmail.maho.newsletters import CompiledNewsletter
from segmail.maho.rules import Rule
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.maho.storefront.site import StoreSite
from segmail.maho.storefront.stores import ADMIN, Store, Stores
from segmail.mail.items.needs import ItemNeeds, item_needs
from segmail.mail.items.printed import Printed
from segmail.mail.items.reader import BatchItems, MailItems, ShownTo
from segmail.mail.run_cache import RunCache
from segmail.mail.variables import Addressee, mail_variables, shop_variables
from segmail.sequences.find import find_steps
from segmail.sequences.lent_coupons import lender_of
from segmail.settings import MessageSettings
from segmail.templates import is_secret

_NOBODY = 1  # the customer's id in the sample code if there is no customer
_COLUMNS = ("increment_id", "updated_at")  # columns of the account, which need not be attributes


@dataclass(frozen=True)
class Asked:
    """For whom the mail is rendered, each as a person names it; None if it does not matter."""

    customer: str | None = None
    step: str | None = None
    store: str | None = None

    @property
    def anything(self) -> bool:
        """Whether a shop is needed to find out who is meant."""
        return (self.customer, self.step, self.store) != (None, None, None)


@dataclass(frozen=True)
class SampleCoupon:
    """A coupon whose code no checkout knows; `warnings` say why a real one could not be made."""

    coupon: Coupon
    rule: Rule
    warnings: Sequence[str]


@dataclass(frozen=True)
class Cast:
    """The customer, step and store that were found."""

    customer: Customer | None
    subscriber: Subscriber | None
    step: Step | None
    store: Store
    coupon: SampleCoupon | None


@dataclass(frozen=True)
class Told:
    """The variables of a rendering, and the pieces that its item blocks print."""

    variables: Mapping[str, object]
    printed: Printed


class Scene:
    """A shop, prepared for rendering one mail."""

    def __init__(
        self,
        shop: Shop,
        config: StoreConfig,
        asked: Asked,
        *,
        maho_root: Path | None,
        message: MessageSettings,
        now: datetime,
    ) -> None:
        """Find customer, step and store.

        Raises InputError for names that mean nothing, CouponError for a step whose coupon could not
        be made.
        """
        self._shop = shop
        self._message = message
        self._now = now
        self._cache = RunCache(shop, config, [], maho_root=maho_root)
        with shop.read() as tx:
            self._cast = self._find(tx, asked, now)
        self.site: StoreSite = self._cache.sites.of(self._cast.store)

    @property
    def warnings(self) -> Sequence[str]:
        """The reasons why the mail would not be sent."""
        return self._cast.coupon.warnings if self._cast.coupon else ()

    def variables(self, newsletter: CompiledNewsletter, *, markup: bool) -> Told:
        """Return the variables as for sending; `markup` is for money in HTML.

        Values that only a customer has, such as a cart, exist only if there is a customer.
        """
        cast, locale = self._cast, self._cache.locale(self._cast.store)
        found = shop_variables(self.site, newsletter.template, self._cache)
        printed = Printed()
        if cast.customer is not None and cast.subscriber is not None:
            addressee = Addressee(cast.customer, cast.subscriber, self.site, locale)
            shown = self._items(newsletter, addressee)
            printed = shown.printed
            found = mail_variables(
                addressee, found, self._cache.attributes.visible, shown.addresses()
            )
            found |= shown.variables()
        if cast.step is not None:
            found |= {
                "segment_name": cast.step.segment.name,
                "step_number": cast.step.step_number,
            }
        if cast.coupon is not None:
            coupon, rule = cast.coupon.coupon, cast.coupon.rule
            found |= coupon_variables(
                coupon, rule, locale, markup=markup, own_words=self._message.coupon_words
            )
        return Told(found, printed)

    def _items(self, newsletter: CompiledNewsletter, addressee: Addressee) -> MailItems:
        needs = self._item_needs(newsletter)
        reader = ShownTo(addressee.customer, addressee.site, addressee.locale, needs)
        shelf = self._cache.shelf(self._message.loyalty_tiers)
        with self._shop.read() as tx:
            items = BatchItems.load(tx, shelf, [reader], now=self._now)
        return MailItems(items, reader)

    def _item_needs(self, newsletter: CompiledNewsletter) -> ItemNeeds:
        parts = (newsletter.subject, newsletter.body)
        return item_needs(part.all_needs(self.site) for part in parts)

    def _find(self, tx: Transaction, asked: Asked, now: datetime) -> Cast:
        stores = Stores.load(tx)
        step = find_steps(tx, [asked.step])[0] if asked.step else None
        customer, subscriber = None, None
        if asked.customer is not None:
            customer, subscriber = self._person(tx, asked.customer)
        if asked.store is not None:
            store = _store(stores, asked.store)
        elif customer is not None and subscriber is not None:
            store = self._cache.store_of(customer, subscriber)
        else:
            store = stores.default
        coupon, gives = None, step
        if step is not None and not step.generate_coupon:
            gives = lender_of(step, load_steps(tx))
        if gives is not None:
            coupon = self._sample_coupon(tx, gives, customer, store, now)
        return Cast(customer, subscriber, step, store, coupon)

    def _sample_coupon(
        self,
        tx: Transaction,
        step: Step,
        customer: Customer | None,
        store: Store,
        now: datetime,
    ) -> SampleCoupon:
        customer_id = customer.customer_id if customer else None
        locale = self._cache.locale(store)
        basis = CouponBasis.load(tx, step, customer_id)
        fault = coupon_fault(basis.rule, customer, store.website_id, locale, now=now)
        if basis.rule is None:
            raise CouponError(fault or "")
        coupon = coupon_for(step, customer_id or _NOBODY, basis.rule, locale, now=now, sample=True)
        return SampleCoupon(coupon, basis.rule, [f"{fault} A send would fail."] if fault else [])

    def _person(self, tx: Transaction, given: str) -> tuple[Customer, Subscriber]:
        customer_id = find_customer(tx, given)
        attributes = self._cache.attributes
        codes = {code for code in (*attributes.by_code, *_COLUMNS) if not is_secret(code)}
        customers = load_customers(tx, [customer_id], codes, attributes)
        subscribers = load_subscribers(tx, [customer_id])
        if customer_id not in subscribers:
            raise InputError(
                f"Customer {customer_id} never subscribed to the newsletter, so no mail can be "
                "made for them; choose a subscriber."
            )
        return customers[customer_id], subscribers[customer_id]


def _store(stores: Stores, given: str) -> Store:
    known = [store for store in stores.stores.values() if store.store_id != ADMIN]
    named = [Named(store.store_id, store.code) for store in known]
    return stores.stores[find_named("store", named, given).id]
