"""Which carts, orders, lists and sums a template names, so that nothing else is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segmail.coupons import COUPON_VARIABLES
from segmail.templates import Needs

LISTS = ("viewed", "clearance", "bestsellers", "crosssells", "wishlist")

ADDRESSES = {
    "default_billing_address": "default_billing",
    "primary_billing_address": "default_billing",
    "default_shipping_address": "default_shipping",
    "primary_shipping_address": "default_shipping",
}


@dataclass(frozen=True)
class ItemNeeds:
    """What one template needs; `shows_cart`: it prints the cart outside every {{if cart}}."""

    cart: bool = False
    shows_cart: bool = False
    order: bool = False
    lists: frozenset[str] = frozenset()
    loyalty: bool = False
    addresses: bool = False
    coupon: bool = False

    @property
    def nothing(self) -> bool:
        """Whether it names none of these."""
        return self == ItemNeeds()


def item_needs(needs: Iterable[Needs]) -> ItemNeeds:
    """Return what the parts of a template (subject, body) need together.

    A template that includes others whose names are known only when rendering needs everything.
    """
    parts = list(needs)
    if any(part.everything for part in parts):
        return ItemNeeds(
            cart=True,
            order=True,
            lists=frozenset(LISTS),
            loyalty=True,
            addresses=True,
            coupon=True,
        )
    names = frozenset().union(*(part.variables for part in parts))
    products = frozenset().union(*(part.members.get("products", ()) for part in parts))
    customer = frozenset().union(*(part.members.get("customer", ()) for part in parts))
    return ItemNeeds(
        cart="cart" in names,
        shows_cart=any("cart" in part.unguarded for part in parts),
        order="order" in names,
        lists=frozenset(name for name in LISTS if products & {f"{name}_html", f"{name}_text"}),
        loyalty="loyalty" in names,
        addresses=not customer.isdisjoint(ADDRESSES),
        coupon=not names.isdisjoint(COUPON_VARIABLES),
    )
