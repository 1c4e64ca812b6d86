"""The variables `cart`, `order`, `products` and `loyalty`, as one mail's templates see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from segmail.maho.sales.carts import Cart
from segmail.maho.sales.line import Line
from segmail.maho.sales.orders import Order
from segmail.maho.sales.stored import quantity
from segmail.maho.storefront.locale import StoreLocale
from segmail.mail.items.needs import LISTS
from segmail.mail.items.partials import Partials
from segmail.mail.items.printed import Printed
from segmail.mail.items.shown import ShownItem, StoreWindow
from segmail.mail.items.words import words_of
from segmail.templates import DataObject
from segmail.templates.paths import Argument

_EVERY = 1000  # maximum items in one block
_PRODUCTS = 4  # items in a list if the template gives no number


@dataclass(frozen=True)
class BlockPrinter:
    """The place where the blocks of one mail are printed."""

    window: StoreWindow
    locale: StoreLocale
    partials: Partials
    printed: Printed

    def block(
        self, kind: str, items: Sequence[ShownItem], *, text: bool, more: int = 0, url: str = ""
    ) -> str:
        """Return the mark of a block; '' if there is nothing to show."""
        if not items:
            return ""
        values = {
            "items": items,
            "more": more,
            "url": url,
            "words": words_of(self.locale.locale),
            "locale": self.locale.locale,
        }
        twin = self.partials.render(f"{kind}.txt", values)
        if text:
            return self.printed.lines(twin)
        return self.printed.block(self.partials.render(f"{kind}.html", values), twin)

    def lines(
        self,
        kind: str,
        items: Sequence[ShownItem],
        url: str,
        number: Argument = _EVERY,
        *,
        text: bool,
    ) -> str:
        """Return the mark of the first lines of a cart or an order, with the link to all."""
        shown = items[: _count(number, _EVERY)]
        return self.block(kind, shown, text=text, more=len(items) - len(shown), url=url)

    def amounts(self, line: Line, currency: str, display: str | None) -> tuple[str, ...]:
        """Return a row's total, without or with tax or both, as the setting `display` says."""
        both = (line.without_tax, line.with_tax)
        chosen = {"2": both[1:], "3": both}.get(display or "1", both[:1])
        return tuple(self.locale.amount(amount, currency) for amount in chosen)


@dataclass(frozen=True)
class CartShown:
    """A cart with the items that a mail may show: those that the shop sells now.

    `complete` is False if rows were left out; then no total is shown.
    """

    cart: Cart
    items: Sequence[ShownItem]
    count: Decimal
    complete: bool
    stage: BlockPrinter

    def variable(self) -> DataObject:
        """Return `cart`."""
        stage, cart, printed = self.stage, self.cart, self.stage.printed
        url = stage.window.page("checkout/cart")
        display = stage.window.setting("tax/cart_display/subtotal")
        subtotal = cart.subtotal
        if display in ("2", "3") and cart.subtotal_with_tax is not None:
            subtotal = cart.subtotal_with_tax
        sums = self.complete and cart.is_current
        data: dict[str, object] = {
            "items_count": len(self.items),
            "items_qty": quantity(self.count),
            "subtotal": stage.locale.amount(subtotal, cart.currency) if sums else "",
            "grand_total": (
                stage.locale.amount(cart.grand_total, cart.currency)
                if sums and cart.knows_total
                else ""
            ),
            "url": url,
            "updated_at": (
                stage.locale.date(stage.locale.today(cart.updated_at)) if cart.updated_at else ""
            ),
            "first_item_name": printed.words(self.items[0].name),
        }
        block = partial(stage.lines, "cart", self.items, url)
        return DataObject(data, _twins({"items": block}), "cart")


@dataclass(frozen=True)
class OrderShown:
    """An order with its items; `stage` belongs to the mail, `own` to the order's store."""

    order: Order
    items: Sequence[ShownItem]
    stage: BlockPrinter
    own: StoreLocale
    url: str

    def variable(self) -> DataObject:
        """Return `order`."""
        order, stage, printed = self.order, self.stage, self.stage.printed
        data: dict[str, object] = {
            "increment_id": printed.words(order.number),
            "status_label": printed.words(order.status_label(stage.window.site.store.store_id)),
            "grand_total": stage.locale.amount(order.grand_total, order.currency),
            "created_at": (
                stage.locale.date(self.own.today(order.created_at)) if order.created_at else ""
            ),
            "url": self.url,
            "tracking_numbers": printed.words(", ".join(order.tracking_numbers)),
        }
        block = partial(stage.lines, "order", self.items, self.url)
        return DataObject(data, _twins({"items": block}), "order")


@dataclass
class ListsShown:
    """The lists of products of one mail, in which no product appears twice.

    `candidates` yields a list's products, the best first; `shown` are those that the mail already
    shows, at first the cart's.
    """

    stage: BlockPrinter
    candidates: Callable[[str], Iterator[tuple[int, ShownItem]]]
    shown: set[int]
    _chosen: dict[tuple[str, int], Sequence[ShownItem]] = field(default_factory=dict)
    _marks: dict[tuple[str, int, bool], str] = field(default_factory=dict)

    def variable(self) -> DataObject:
        """Return `products`."""
        blocks = {name: partial(self._block, name) for name in LISTS}
        return DataObject({}, _twins(blocks), "products")

    @property
    def anything(self) -> bool:
        """Whether any block showed a product."""
        return any(self._chosen.values())

    def _block(self, name: str, number: Argument = _PRODUCTS, *, text: bool) -> str:
        """Return a list's mark; the same list and number show the same products each time."""
        key = name, _count(number, _PRODUCTS)
        if key not in self._chosen:
            self._chosen[key] = self._choose(*key)
        if (*key, text) not in self._marks:
            mark = self.stage.block("products", self._chosen[key], text=text)
            self._marks[(*key, text)] = mark
        return self._marks[(*key, text)]

    def _choose(self, name: str, number: int) -> Sequence[ShownItem]:
        found: list[ShownItem] = []
        for product_id, item in self.candidates(name):
            if len(found) == number:
                break
            if product_id not in self.shown:
                self.shown.add(product_id)
                found.append(item)
        return found


def loyalty(sales: Decimal, tiers: Mapping[str, Decimal], locale: StoreLocale) -> DataObject:
    """Return `loyalty`: how much a customer has ordered, the next tier, and what is missing to it.

    The last two are empty for customers in the highest tier.
    """
    ahead = sorted((least, name) for name, least in tiers.items() if least > sales)
    data: dict[str, object] = {"lifetime_sales": locale.money(sales)}
    if ahead:
        least, name = ahead[0]
        data |= {"next_tier": name, "missing": locale.money(least - sales)}
    return DataObject(data, {}, "loyalty")


def _twins(blocks: Mapping[str, Callable[..., str]]) -> dict[str, Callable[..., object]]:
    """Return `getItemsHtml` and `getItemsText` for the block `items`, and so on."""
    return {
        f"get{name.capitalize()}{form}": partial(block, text=form == "Text")
        for name, block in blocks.items()
        for form in ("Html", "Text")
    }


def _count(number: Argument, otherwise: int) -> int:
    """Return how many a template asks for; the default if that is not a number above 0."""
    try:
        count = int(float(number))
    except (ValueError, OverflowError):
        return otherwise
    return min(count, _EVERY) if count > 0 else otherwise
