"""Conditions on the products that orders, carts, views and wishlists name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case

from segmail.errors import ConditionError
from segmail.segments.conditions.choices import has_choice
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import EavAttribute, Scope
from segmail.segments.conditions.tree import Leaf

_KINDS: dict[str, ValueKind] = {
    "varchar": "text",
    "text": "text",
    "int": "choice",
    "decimal": "number",
    "datetime": "date",
}
_STATIC: dict[str, ValueKind] = {
    "sku": "text",
    "type_id": "text",
    "created_at": "date",
    "updated_at": "date",
}


@dataclass(frozen=True)
class ProductRows:
    """Rows that each name a product and the store in which it was bought, seen or kept."""

    rows: FromClause
    product_id: ColumnElement[Any]
    store_id: ColumnElement[Any]


def product_is(
    leaf: Leaf, code: str, named: ProductRows, scope: Scope
) -> tuple[FromClause, ColumnElement[bool]]:
    """Compare the attribute `code` of the rows' products with the leaf's value.

    Returns the rows joined with the tables that the comparison needs, and the comparison. As in the
    shop, the value for the row's store counts, or the default value if the store has none. Several
    choices are compared one by one.
    """
    attribute = scope.eav.find("catalog_product", code)
    if attribute is None:
        raise ConditionError(f"{leaf} names the product attribute '{code}', which is unknown.")
    if attribute.backend_type == "static":
        return _static(leaf, code, named, scope)
    rows, value = with_value(named.rows, attribute, named, scope)
    if attribute.frontend_input == "multiselect":
        return rows, has_choice(value, leaf)
    return rows, predicate(value, leaf, kind=_KINDS[attribute.backend_type])


def with_value(
    rows: FromClause, attribute: EavAttribute, named: ProductRows, scope: Scope
) -> tuple[FromClause, ColumnElement[Any]]:
    """Join the attribute's values to `rows` and return the value that holds in the row's store."""
    table = scope.sales.product_values[attribute.backend_type]
    own, default = table.alias(), table.alias()
    for values, store_id in ((own, named.store_id), (default, 0)):
        same = and_(
            values.c.entity_id == named.product_id,
            values.c.attribute_id == attribute.attribute_id,
            values.c.store_id == store_id,
        )
        rows = rows.outerjoin(values, same)
    return rows, case((own.c.value_id.is_not(None), own.c.value), else_=default.c.value)


def in_category(
    leaf: Leaf, named: ProductRows, scope: Scope
) -> tuple[FromClause, ColumnElement[bool]]:
    """Compare the categories to which the rows' products are directly assigned."""
    link = scope.sales.category_product
    rows = named.rows.join(link, link.c.product_id == named.product_id)
    return rows, predicate(link.c.category_id, leaf, kind="number")


def _static(
    leaf: Leaf, code: str, named: ProductRows, scope: Scope
) -> tuple[FromClause, ColumnElement[bool]]:
    if code not in _STATIC:
        raise ConditionError(f"{leaf} names the product attribute '{code}', which has no values.")
    product = scope.sales.product
    rows = named.rows.join(product, product.c.entity_id == named.product_id)
    return rows, predicate(product.c[code], leaf, kind=_STATIC[code])
