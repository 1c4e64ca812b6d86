"""Reads what the mails of a batch show of carts, orders and products, and sets their variables.

It takes a constant number of statements per batch, and none for what no template in it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from segmail.log import logger
from segmail.maho.catalog.bestsellers import Bestsellers, load_categories
from segmail.maho.catalog.customer_lists import (
    Dated,
    load_bought,
    load_crosssells,
    load_viewed,
    load_wished,
)
from segmail.maho.catalog.prices import PriceList
from segmail.maho.catalog.products import Product, ProductAttributes, Products
from segmail.maho.catalog.tax import Taxes
from segmail.maho.customer_addresses import Address, load_addresses
from segmail.maho.customers import Customer
from segmail.maho.db.database import is_missing_table
from segmail.maho.sales.carts import Cart, load_carts
from segmail.maho.sales.line import Line
from segmail.maho.sales.options import OptionWords
from segmail.maho.sales.orders import Order, load_lifetime_sales, load_orders
from segmail.maho.sales.stored import one_line, quantity
from segmail.maho.schema.transaction import Transaction
from segmail.maho.storefront.locale import StoreLocale
from segmail.maho.storefront.site import Sites, StoreSite
from segmail.maho.storefront.stores import Store
from segmail.mail.items.needs import ADDRESSES, ItemNeeds
from segmail.mail.items.objects import BlockPrinter, CartShown, ListsShown, OrderShown, loyalty
from segmail.mail.items.partials import Partials
from segmail.mail.items.printed import Printed
from segmail.mail.items.shown import ShownItem, StoreWindow

T = TypeVar("T")

_FRESH = timedelta(seconds=60)  # after which prices and stock are read again
_MOST_PRODUCTS = 10_000  # times store views and customer groups
_RANKED = 60  # best sellers read for a customer: most may be bought or in the cart already


@dataclass(frozen=True)
class ShownTo:
    """One customer in one store view, with what their mail's template names."""

    customer: Customer
    site: StoreSite
    locale: StoreLocale
    needs: ItemNeeds

    @property
    def key(self) -> tuple[int, int]:
        """The customer and website by which carts, orders and lists are stored."""
        return self.customer.customer_id, self.site.store.website_id


@dataclass
class Shelf:
    """What a run reads once: taxes, attributes, best sellers; and the shop's partials."""

    sites: Sites
    locales: Mapping[int, StoreLocale]  # by store
    partials: Partials
    tiers: Mapping[str, Decimal]
    _windows: dict[int, StoreWindow] = field(default_factory=dict)
    _taxes: Taxes | None = None
    _attributes: ProductAttributes | None = None
    _bestsellers: Bestsellers | None = None
    _products: tuple[datetime, Products] | None = None
    _lacking: set[str] = field(default_factory=set)  # what was told about missing tables

    def if_there(self, load: Callable[[], T], empty: T) -> T:
        """Return what `load` reads, or `empty` from a shop that lacks its table.

        No statement asks beforehand: a shop has these tables. The log tells what is missing, once.
        """
        try:
            return load()
        except DBAPIError as error:
            if not is_missing_table(error):
                raise
            what = str(error.orig.args[-1] if error.orig else error)
            if what not in self._lacking:
                self._lacking.add(what)
                logger.warning("Mails leave out what the shop does not have: %s.", what)
            return empty

    def taxes(self, tx: Transaction) -> Taxes:
        """Return the shop's taxes."""
        if self._taxes is None:
            self._taxes = Taxes.load(tx, self.sites.config)
        return self._taxes

    def attributes(self, tx: Transaction) -> ProductAttributes:
        """Return the ids of the products' attributes."""
        if self._attributes is None:
            self._attributes = ProductAttributes.load(tx)
        return self._attributes

    def bestsellers(self, tx: Transaction, now: datetime) -> Bestsellers:
        """Return what sells best."""
        if self._bestsellers is None:
            self._bestsellers = Bestsellers.load(tx, now=now)
        return self._bestsellers

    def products(self, now: datetime) -> Products:
        """Return the products that other batches have just read, to be added to."""
        if (
            self._products is None
            or not timedelta(0) <= now - self._products[0] < _FRESH
            or len(self._products[1]) > _MOST_PRODUCTS
        ):
            self._products = now, Products()
        return self._products[1]

    def window(self, site: StoreSite) -> StoreWindow:
        """Return the links and pictures of a store view."""
        store_id = site.store.store_id
        if store_id not in self._windows:
            self._windows[store_id] = StoreWindow(site)
        return self._windows[store_id]


@dataclass
class BatchItems:
    """What was read for a batch."""

    shelf: Shelf
    now: datetime
    carts: Mapping[tuple[int, int], Cart] = field(default_factory=dict)
    words: OptionWords = field(default_factory=OptionWords)
    orders: Mapping[tuple[int, int], Order] = field(default_factory=dict)
    viewed: Dated = field(default_factory=dict)
    wished: Dated = field(default_factory=dict)
    bought: Mapping[int, Mapping[int, datetime]] = field(default_factory=dict)
    crosssells: Mapping[int, Sequence[int]] = field(default_factory=dict)
    best: Mapping[tuple[int, int], Sequence[int]] = field(default_factory=dict)
    sales: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)
    addresses: Mapping[int, Address] = field(default_factory=dict)
    products: Products = field(default_factory=Products)
    taxes: Taxes | None = None

    @classmethod
    def load(
        cls, tx: Transaction, shelf: Shelf, readers: Iterable[ShownTo], *, now: datetime
    ) -> BatchItems:
        """Read everything for all readers at once."""
        items = cls(shelf, now)
        some = [reader for reader in readers if not reader.needs.nothing]
        if some:
            items._read(tx, some)
        return items

    def _read(self, tx: Transaction, readers: Sequence[ShownTo]) -> None:
        shelf = self.shelf
        listing = [reader for reader in readers if reader.needs.lists]
        carts = _ids(reader for reader in readers if reader.needs.cart or reader.needs.lists)
        if carts:
            self.carts = shelf.if_there(lambda: load_carts(tx, shelf.sites.stores, carts), {})
            self.words = self._cart_words(tx, readers)
        orders = _ids(r for r in readers if r.needs.order or "crosssells" in r.needs.lists)
        if orders:
            self.orders = shelf.if_there(lambda: load_orders(tx, orders), {})
        if listing:
            self._read_lists(tx, listing)
        loyal = _ids(reader for reader in readers if reader.needs.loyalty)
        if loyal:
            self.sales = shelf.if_there(lambda: load_lifetime_sales(tx, loyal), {})
        if owners := _address_owners(readers):
            self.addresses = load_addresses(tx, owners)
        self._read_products(tx, readers)

    def _cart_words(self, tx: Transaction, readers: Sequence[ShownTo]) -> OptionWords:
        shown = [
            self.carts[reader.key]
            for reader in readers
            if reader.needs.cart and reader.key in self.carts
        ]
        rows = [row for cart in shown for row in cart.stored_options]
        store_ids = {reader.site.store.store_id for reader in readers}
        return OptionWords.load(tx, rows, store_ids)

    def _read_lists(self, tx: Transaction, readers: Sequence[ShownTo]) -> None:
        wants = frozenset().union(*(reader.needs.lists for reader in readers))
        ids, if_there = _ids(readers), self.shelf.if_there
        self.bought = if_there(lambda: load_bought(tx, ids), {})
        if wants & {"viewed", "clearance", "bestsellers"}:
            self.viewed = if_there(lambda: load_viewed(tx, ids), {})
        if "wishlist" in wants:
            self.wished = if_there(lambda: load_wished(tx, ids), {})
        if "crosssells" in wants:
            ordered = {id for order in self.orders.values() for id in order.product_ids}
            self.crosssells = if_there(lambda: load_crosssells(tx, ordered), {})
        if "bestsellers" in wants:
            if_there(lambda: self._read_best(tx, readers), None)

    def _read_best(self, tx: Transaction, readers: Sequence[ShownTo]) -> None:
        best = self.shelf.bestsellers(tx, self.now)
        liked = {
            reader.key: [
                *(id for id, _ in self.viewed.get(reader.key, ())),
                *self.bought.get(reader.customer.customer_id, ()),
            ]
            for reader in readers
            if "bestsellers" in reader.needs.lists
        }
        every = {id for ids in liked.values() for id in ids}
        categories = load_categories(tx, every)
        self.best = {
            key: best.of(key[1], (categories.get(id, ()) for id in ids))[:_RANKED]
            for key, ids in liked.items()
        }

    def _read_products(self, tx: Transaction, readers: Sequence[ShownTo]) -> None:
        ids: set[int] = set()
        for reader in readers:
            needs, key = reader.needs, reader.key
            if needs.cart and key in self.carts:
                ids |= self.carts[key].product_ids
            if needs.order and key in self.orders:
                ids |= self.orders[key].product_ids
            for name in needs.lists:
                ids.update(self.candidates(name, key))
        if not ids:
            return
        self.taxes = self.shelf.taxes(tx)
        self.products = self.shelf.products(self.now)
        self.products.add(
            tx,
            self.shelf.attributes(tx),
            ids,
            stores=list({r.site.store.store_id: r.site.store for r in readers}.values()),
            group_ids={reader.customer.group_id for reader in readers},
        )

    def candidates(self, name: str, key: tuple[int, int]) -> Iterator[int]:
        """Yield the products that a list may show, the best first, before any is chosen."""
        bought = self.bought.get(key[0], {})
        match name:
            case "viewed" | "clearance":
                yield from _not_bought_since(self.viewed.get(key, ()), bought)
            case "wishlist":
                yield from _not_bought_since(self.wished.get(key, ()), bought)
            case "crosssells":
                order = self.orders.get(key)
                for line in order.lines if order else ():
                    for id in sorted(line.product_ids):
                        yield from (it for it in self.crosssells.get(id, ()) if it not in bought)
            case _:
                yield from (id for id in self.best.get(key, ()) if id not in bought)


class MailItems:
    """The variables of one mail that show carts, orders, products and sums."""

    def __init__(self, items: BatchItems, reader: ShownTo) -> None:
        self._items = items
        self._reader = reader
        self.printed = Printed()
        shelf = items.shelf
        self._stage = BlockPrinter(
            shelf.window(reader.site), reader.locale, shelf.partials, self.printed
        )
        self.cart = self._cart() if reader.needs.cart else None
        self.order = self._order() if reader.needs.order else None
        self.lists = self._lists() if reader.needs.lists else None

    def variables(self) -> dict[str, object]:
        """Return the variables that the template names and that exist."""
        shown = {"cart": self.cart, "order": self.order, "products": self.lists}
        found: dict[str, object] = {name: it.variable() for name, it in shown.items() if it}
        if self._reader.needs.loyalty:
            sales = self._items.sales.get(self._reader.key, Decimal(0))
            found["loyalty"] = loyalty(sales, self._items.shelf.tiers, self._reader.locale)
        return found

    @property
    def shows_products(self) -> bool:
        """Whether any list of the rendered mail showed a product."""
        return self.lists is not None and self.lists.anything

    def addresses(self) -> dict[str, Address]:
        """Return the addresses that `default_billing` and `default_shipping` point to."""
        known, values = self._items.addresses, self._reader.customer.values
        ids = {code: _number(values.get(code)) for code in ADDRESSES.values()} if known else {}
        return {code: known[id] for code, id in ids.items() if id is not None and id in known}

    @property
    def _store(self) -> Store:
        return self._reader.site.store

    def _product(self, product_id: int | None) -> Product | None:
        group_id = self._reader.customer.group_id
        return self._items.products.of(product_id, self._store, group_id)

    def _cart(self) -> CartShown | None:
        cart = self._items.carts.get(self._reader.key)
        if cart is None:
            return None
        lines = cart.lines(self._items.words, self._store.store_id)
        sold = [
            (line, product)
            for line in lines
            if (product := self._product(line.product_id))
            and product.can_be_bought
            and (product.name or line.name)
        ]
        if not sold:
            return None
        items = [
            self._line(line, self._product(line.page_id) or product,
                       product.name or one_line(line.name), cart.currency,
                       self._stage.window.setting("tax/cart_display/price"))
            for line, product in sold
        ]  # fmt: skip
        count = sum((line.quantity for line, _ in sold), Decimal(0))
        return CartShown(cart, items, count, len(sold) == len(lines), self._stage)

    def _order(self) -> OrderShown | None:
        order = self._items.orders.get(self._reader.key)
        if order is None:
            return None
        sites = self._reader.site.sites
        store = sites.stores.by_id(order.store_id)
        if store is None or not store.is_active:
            store = self._store
        display = self._items.shelf.sites.config.value("tax/sales_display/price", order.store_id)
        items = [
            self._line(
                line, self._product(line.page_id), one_line(line.name), order.currency, display
            )
            for line in order.lines
        ]
        shelf = self._items.shelf
        url = shelf.window(sites.of(store)).path(f"sales/order/view/order_id/{order.order_id}/")
        own = shelf.locales[store.store_id]
        return OrderShown(order, items, self._stage, own, url)

    def _line(
        self, line: Line, page: Product | None, name: str, currency: str, display: str | None
    ) -> ShownItem:
        window = self._stage.window
        return ShownItem(
            name,
            window.product(page) if page else "",
            window.picture(self._picture(line, page)),
            (page.alt if page else "") or name,
            quantity(line.quantity),
            self._stage.amounts(line, currency, display),
            options=line.options,
        )

    def _picture(self, line: Line, page: Product | None) -> str | None:
        """Return a row's picture as Maho chooses it: that of the whole product, or of the part."""
        part, setting = self._product(line.part_id), self._stage.window.setting
        if page is None or part is None:
            return page.picture if page else None
        if page.type_id == "grouped":
            shows_part = setting("checkout/cart/grouped_product_image") != "parent"
            return part.picture if shows_part else page.picture
        shows_part = setting("checkout/cart/configurable_product_image") == "itself"
        return (part.own_picture if shows_part else None) or page.picture

    def _lists(self) -> ListsShown:
        cart = self._items.carts.get(self._reader.key)  # also one that the mail does not show
        shown = (cart.product_ids if cart else set()) | (
            self.order.order.product_ids if self.order else set()
        )
        return ListsShown(self._stage, self._candidates, shown)

    def _candidates(self, name: str) -> Iterator[tuple[int, ShownItem]]:
        locale, group_id = self._reader.locale, self._reader.customer.group_id
        items, store = self._items, self._store
        if items.taxes is None:
            return
        prices = PriceList(
            items.taxes,
            items.shelf.sites.config,
            locale,
            store.store_id,
            self._website_locale().today(items.now),
        )
        for product_id in items.candidates(name, self._reader.key):
            product = self._product(product_id)
            if product is None or not product.can_be_listed:
                continue
            price = prices.price_of(product, group_id)
            if name == "clearance" and not (price and price.was):
                continue
            yield product_id, self._stage.window.product_item(product, price)

    def _website_locale(self) -> StoreLocale:
        """Return the locale of the website's default store: its midnight begins special prices."""
        shelf, store = self._items.shelf, self._store
        default_id = shelf.sites.stores.defaults.get(store.website_id, store.store_id)
        return shelf.locales.get(default_id, self._reader.locale)


def _ids(readers: Iterable[ShownTo]) -> set[int]:
    return {reader.customer.customer_id for reader in readers}


def _not_bought_since(
    dated: Iterable[tuple[int, datetime]], bought: Mapping[int, datetime]
) -> Iterator[int]:
    return (id for id, at in dated if id not in bought or bought[id] < at)


def _address_owners(readers: Sequence[ShownTo]) -> dict[int, int]:
    """Return the ids of the default addresses that are asked for, with their customers."""
    return {
        address_id: reader.customer.customer_id
        for reader in readers
        if reader.needs.addresses
        for attribute in set(ADDRESSES.values())
        if (address_id := _number(reader.customer.values.get(attribute))) is not None
    }


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 11 else None
