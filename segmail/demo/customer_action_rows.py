"""What the demo's customers did, as the rows that segment conditions read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from segmail.demo.customer_actions import Act, Deed
from segmail.demo.people import PEOPLE, Person
from segmail.demo.seed import NOW, STORES, WARM_THINGS
from segmail.demo.seed_rows import Rows, id_in
from segmail.maho.schema.sales_tables import SalesTables

_BLANKET = 1  # the one product, of the category of warm things


def deed_rows(t: SalesTables) -> Rows:
    """Return the rows of what customers ordered, left in their carts and looked at."""
    return [
        (t.product, [{"entity_id": _BLANKET, "sku": "BLANKET", "created_at": NOW}]),
        (t.category_product, [{"category_id": WARM_THINGS, "product_id": _BLANKET}]),
        (t.order, [_order(id, person, deed) for id, person, deed in _all(Act.ORDER)]),
        (t.quote, [_cart(id, person, deed) for id, person, deed in _all(Act.FILL_CART)]),
        (t.viewed, [_view(id, person, deed.at) for id, person, deed in _all(Act.LOOK)]),
    ]


def _all(act: Act) -> Iterator[tuple[int, Person, Deed]]:
    for customer_id, person in enumerate(PEOPLE, start=1):
        for deed in person.deeds:
            if deed.act is act:
                yield customer_id, person, deed


def _order(customer_id: int, person: Person, deed: Deed) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "store_id": id_in(STORES, person.store),
        "state": "complete",
        "status": "complete",
        "order_currency_code": person.store.currency,
        "grand_total": deed.amount,
        "base_grand_total": deed.amount,
        "created_at": deed.at,
        "updated_at": deed.at,
    }


def _cart(customer_id: int, person: Person, deed: Deed) -> dict[str, Any]:
    """Return a cart that an order or the next cart ended."""
    ended = any(
        other.at > deed.at for other in person.deeds if other.act in (Act.FILL_CART, Act.ORDER)
    )
    return {
        "customer_id": customer_id,
        "store_id": id_in(STORES, person.store),
        "is_active": int(not ended),
        "items_count": 1,
        "created_at": deed.at,
        "updated_at": deed.at,
    }


def _view(customer_id: int, person: Person, at: datetime) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "product_id": _BLANKET,
        "store_id": id_in(STORES, person.store),
        "added_at": at,
    }
