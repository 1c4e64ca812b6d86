"""Products on clearance: their special price is below their price today, by the UTC date."""

from __future__ import annotations

from datetime import UTC, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, func, or_
from sqlalchemy import case as sql_case

from segmail.errors import ConditionError
from segmail.segments.conditions.dates import midnight
from segmail.segments.conditions.predicate import predicate
from segmail.segments.conditions.products import ProductRows, with_value
from segmail.segments.conditions.scope import EavAttribute, Scope
from segmail.segments.conditions.tree import Leaf

CODES = ("price", "special_price", "special_from_date", "special_to_date")


def on_clearance(
    leaf: Leaf, named: ProductRows, scope: Scope
) -> tuple[FromClause, ColumnElement[bool]]:
    """Compare 1 (on clearance now) or 0 (not) with the leaf, for the product of each row.

    A special price without dates always applies; its first and last date are both included.
    """
    rows, values = named.rows, {}
    for code in CODES:
        rows, values[code] = with_value(rows, _attribute(leaf, code, scope), named, scope)
    today = scope.today
    begins, ends = values["special_from_date"], values["special_to_date"]
    active = and_(
        func.coalesce(values["special_price"] < values["price"], False),
        or_(begins.is_(None), begins < midnight(today + timedelta(days=1), UTC)),
        or_(ends.is_(None), ends >= midnight(today, UTC)),
    )
    flag = sql_case((active, 1), else_=0)
    return rows, predicate(flag, leaf, kind="number")


def _attribute(leaf: Leaf, code: str, scope: Scope) -> EavAttribute:
    attribute = scope.eav.find("catalog_product", code)
    if attribute is None or attribute.backend_type == "static":
        raise ConditionError(f"{leaf} needs the product attribute '{code}', which is missing.")
    return attribute
