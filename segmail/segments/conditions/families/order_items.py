"""Conditions on the products a customer bought; canceled orders do not count.

`category_id` and `product_id` are segmail's own: the customer bought a product that is in the
category now, or the product itself.

Touched by `sales_flat_order` and `sales_flat_order_item`, by products' values
(`catalog_product_entity_*`) and categories (`catalog_category_product`); the clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import ValueKind, predicate, split_values
from segmail.segments.conditions.products import ProductRows, in_category, product_is
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, orders, products
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, tuple[str, ValueKind]] = {
    "product_name": ("name", "text"),
    "product_sku": ("sku", "text"),
    "product_type": ("product_type", "text"),
    "qty_ordered": ("qty_ordered", "number"),
    "row_total": ("row_total", "number"),
    "row_total_incl_tax": ("row_total_incl_tax", "number"),
    "discount_amount": ("discount_amount", "number"),
}
_PRODUCT = "product_"


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    if not any(split_values(leaf)):
        raise ConditionError(f"{leaf} has no value; Maho ignores it, which matches everybody.")
    order = scope.sales.order
    rows, matches = _compare(leaf, scope)
    return with_row(scope, rows, order.c.customer_id, order.c.state != "canceled", matches)


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    if leaf.attribute in _COLUMNS or leaf.attribute == "product_id":
        return orders(scope)
    return [*orders(scope), *products(scope, leaf.attribute.removeprefix(_PRODUCT))]


def _compare(leaf: Leaf, scope: Scope) -> tuple[FromClause, ColumnElement[bool]]:
    order, item = scope.sales.order, scope.sales.order_item
    bought = order.join(item, item.c.order_id == order.c.entity_id)
    named = ProductRows(bought, item.c.product_id, item.c.store_id)
    if leaf.attribute in _COLUMNS:
        name, kind = _COLUMNS[leaf.attribute]
        return bought, predicate(item.c[name], leaf, kind=kind)
    if leaf.attribute == "category_id":
        return in_category(leaf, named, scope)
    if leaf.attribute == "product_id":
        return bought, predicate(item.c.product_id, leaf, kind="number")
    if leaf.attribute.startswith(_PRODUCT):
        return product_is(leaf, leaf.attribute.removeprefix(_PRODUCT), named, scope)
    raise ConditionError(f"The attribute of {leaf} is unknown.")
