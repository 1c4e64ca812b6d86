"""Conditions on the items in a customer's active carts.

`category_id` and `product_id` are segmail's own.

Touched by `sales_flat_quote` and `sales_flat_quote_item`, by products' values
(`catalog_product_entity_*`) and categories (`catalog_category_product`); the clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.products import ProductRows, in_category, product_is
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, cart_items, products
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, ValueKind] = {
    "qty": "number",
    "price": "number",
    "base_price": "number",
    "row_total": "number",
    "base_row_total": "number",
    "created_at": "date",
    "updated_at": "date",
    "product_type": "text",
}
_PRODUCT = "product_"


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    cart = scope.sales.quote
    rows, matches = _compare(leaf, scope)
    return with_row(scope, rows, cart.c.customer_id, cart.c.is_active == 1, matches)


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    if leaf.attribute in _COLUMNS or leaf.attribute == "product_id":
        return cart_items(scope)
    return [*cart_items(scope), *products(scope, leaf.attribute.removeprefix(_PRODUCT))]


def _compare(leaf: Leaf, scope: Scope) -> tuple[FromClause, ColumnElement[bool]]:
    cart, item = scope.sales.quote, scope.sales.quote_item
    carts = cart.join(item, item.c.quote_id == cart.c.entity_id)
    named = ProductRows(carts, item.c.product_id, cart.c.store_id)
    if leaf.attribute in _COLUMNS:
        return carts, predicate(
            item.c[leaf.attribute], leaf, kind=_COLUMNS[leaf.attribute], zone=scope.zone
        )
    if leaf.attribute == "category_id":
        return in_category(leaf, named, scope)
    if leaf.attribute == "product_id":
        return carts, predicate(item.c.product_id, leaf, kind="number")
    if leaf.attribute.startswith(_PRODUCT):
        return product_is(leaf, leaf.attribute.removeprefix(_PRODUCT), named, scope)
    raise ConditionError(f"The attribute of {leaf} is unknown.")
