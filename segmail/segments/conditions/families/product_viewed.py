"""Conditions on the products a customer looked at.

segmail's own: `on_clearance` (1: a product that has a special price now), and
`days_since_viewed_product` and `days_since_viewed_category` with a value like `42:7` (product or
category 42, seven days; the operator compares the days).

Touched by `report_viewed_product_index`, by products' values (`catalog_product_entity_*`) and
categories (`catalog_category_product`); `days_…`, and `on_clearance` because special prices begin
and end, change with the clock, at midnight of the website.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, FromClause, func

from segmail.errors import ConditionError
from segmail.segments.conditions.clearance import CODES, on_clearance
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.having import with_row, with_total
from segmail.segments.conditions.number_pair import split_pair
from segmail.segments.conditions.predicate import predicate
from segmail.segments.conditions.products import ProductRows, in_category, product_is
from segmail.segments.conditions.recent import recent_enough
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, products, views
from segmail.segments.conditions.tree import Leaf

_PRODUCT = {"product_name": "name", "product_sku": "sku"}
_DAYS = {
    "days_since_viewed_product": "product_id",
    "days_since_viewed_category": "category_id",
}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    viewed = scope.sales.viewed
    last = func.max(viewed.c.added_at)
    recent: Sequence[ColumnElement[bool]] = ()
    match leaf.attribute:
        case "view_count":
            having = predicate(func.count(), leaf, kind="number")
        case "last_viewed_at":
            having = predicate(last, leaf, kind="date", zone=scope.zone)
        case "days_since_last_view":
            having = days_ago(leaf, scope, last)
            recent = recent_enough(leaf, scope, viewed.c.added_at)
        case _:
            rows, matches = _compare(leaf, scope)
            return with_row(scope, rows, viewed.c.customer_id, matches)
    return with_total(scope, viewed, viewed.c.customer_id, having, *recent)


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    if leaf.attribute == "on_clearance":
        codes: Sequence[str] = CODES
    elif leaf.attribute in ("category_id", "days_since_viewed_category"):
        codes = ("category_id",)
    else:
        codes = [_PRODUCT[leaf.attribute]] if leaf.attribute in _PRODUCT else []
    return [*views(scope), *(source for code in codes for source in products(scope, code))]


def _compare(leaf: Leaf, scope: Scope) -> tuple[FromClause, ColumnElement[bool]]:
    viewed = scope.sales.viewed
    named = ProductRows(viewed, viewed.c.product_id, viewed.c.store_id)
    if leaf.attribute in _PRODUCT:
        return product_is(leaf, _PRODUCT[leaf.attribute], named, scope)
    if leaf.attribute in _DAYS:
        return _days_since(leaf, scope)
    match leaf.attribute:
        case "product_id":
            return viewed, predicate(viewed.c.product_id, leaf, kind="number")
        case "category_id":
            return in_category(leaf, named, scope)
        case "on_clearance":
            return on_clearance(leaf, named, scope)
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def _days_since(leaf: Leaf, scope: Scope) -> tuple[FromClause, ColumnElement[bool]]:
    which, days = split_pair(leaf, "the id and the days, as in 42:7")
    same = replace(leaf, attribute=_DAYS[leaf.attribute], operator="==", value=which)
    rows, matches = _compare(same, scope)
    recent = days_ago(replace(leaf, value=days), scope, scope.sales.viewed.c.added_at)
    return rows, matches & recent
