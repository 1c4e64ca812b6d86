"""Conditions on a customer's wishlist and its items.

Customers without an item match no condition on count, product or days. Customers without a wishlist
have not shared one, but `wishlist_shared == 0` does not match them either, as in Maho.

Touched by `wishlist` and `wishlist_item`, by products' values (`catalog_product_entity_*`) and
categories (`catalog_category_product`); only `days_since_added` changes with the clock, at midnight
of the website.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, func

from segmail.errors import ConditionError
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.having import with_row, with_total
from segmail.segments.conditions.predicate import predicate
from segmail.segments.conditions.products import ProductRows, in_category, product_is
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, products, wishlists
from segmail.segments.conditions.tree import Leaf

_PRODUCT = {"product_name": "name", "product_sku": "sku"}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    owner, items = scope.sales.wishlist.c.customer_id, _items(scope)
    added_at = scope.sales.wishlist_item.c.added_at
    match leaf.attribute:
        case "wishlist_shared":
            shared = predicate(scope.sales.wishlist.c.shared, leaf, kind="choice")
            return with_row(scope, scope.sales.wishlist, owner, shared)
        case "wishlist_items_count":
            return with_total(scope, items, owner, predicate(func.count(), leaf, kind="number"))
        case "days_since_added":
            return with_total(scope, items, owner, days_ago(leaf, scope, func.max(added_at)))
    rows, matches = _compare(leaf, scope)
    return with_row(scope, rows, owner, matches)


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    if leaf.attribute == "category_id" or leaf.attribute in _PRODUCT:
        code = _PRODUCT.get(leaf.attribute, leaf.attribute)
        return [*wishlists(scope), *products(scope, code)]
    return wishlists(scope)


def _compare(leaf: Leaf, scope: Scope) -> tuple[FromClause, ColumnElement[bool]]:
    items, item = _items(scope), scope.sales.wishlist_item
    named = ProductRows(items, item.c.product_id, item.c.store_id)
    if leaf.attribute in _PRODUCT:
        return product_is(leaf, _PRODUCT[leaf.attribute], named, scope)
    match leaf.attribute:
        case "product_id":
            return items, predicate(item.c.product_id, leaf, kind="number")
        case "added_at":
            return items, predicate(item.c.added_at, leaf, kind="date", zone=scope.zone)
        case "category_id":
            return in_category(leaf, named, scope)
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def _items(scope: Scope) -> FromClause:
    wishlist, item = scope.sales.wishlist, scope.sales.wishlist_item
    return wishlist.join(item, item.c.wishlist_id == wishlist.c.wishlist_id)
