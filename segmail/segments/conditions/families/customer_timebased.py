"""Conditions on the days since a customer did something; canceled orders do not count.

Customers who never logged in or never ordered have no such day and match nothing, with one
exception: without any purchase, the days without one are more than any number.

Touched by `log_customer`, `sales_flat_order` and `customer_entity`; all but `order_frequency_days`
change with the clock, at midnight of the website.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Subquery, Table, case, func, not_, select

from segmail.errors import ConditionError
from segmail.segments.conditions.dates import local_day_difference
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.having import grouped, with_row, with_total
from segmail.segments.conditions.predicate import normal_operator, predicate
from segmail.segments.conditions.recent import recent_enough
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, customers, logins, orders
from segmail.segments.conditions.tree import Leaf

_Rule: TypeAlias = Callable[[Leaf, Scope], ColumnElement[bool]]

_OPPOSITE = {">": "<=", ">=": "<", "!=": "==", "!()": "()"}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    if leaf.attribute not in _RULES:
        raise ConditionError(f"The attribute of {leaf} is unknown.")
    return _RULES[leaf.attribute](leaf, scope)


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    match leaf.attribute:
        case "days_since_last_login":
            return logins(scope)
        case "days_inactive":
            return [*customers(scope), *logins(scope), *orders(scope)]
    return orders(scope)


def _last_login(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    login = scope.sales.login
    compares = days_ago(leaf, scope, func.max(login.c.login_at))
    return with_total(
        scope, login, login.c.customer_id, compares, *recent_enough(leaf, scope, login.c.login_at)
    )


def _last_order(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    created_at = scope.sales.order.c.created_at
    compares = days_ago(leaf, scope, func.max(created_at))
    return _with_orders(scope, compares, *recent_enough(leaf, scope, created_at))


def _first_order(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    first = func.min(scope.sales.order.c.created_at)
    return _with_orders(scope, days_ago(leaf, scope, first))


def _order_frequency(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Compare the average days between a customer's orders, of which there must be at least two."""
    created_at, count = scope.sales.order.c.created_at, func.count()
    days = local_day_difference(scope, func.max(created_at), func.min(created_at))
    gaps = case((count > 1, count - 1), else_=None)
    average = func.round(days / gaps, 4)
    return _with_orders(scope, predicate(average, leaf, kind="number"))


def _inactive(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Compare the days since the last login or order; without either, since the registration.

    Each table is grouped separately: Maho multiplies logins by orders.
    """
    login, order = scope.sales.login, scope.sales.order
    customer = scope.tables.customer.alias()
    logins = _last(scope, login, login.c.login_at)
    orders = _last(scope, order, order.c.created_at, _counts(order))
    logged_in = func.coalesce(logins.c.last, customer.c.created_at)
    ordered = func.coalesce(orders.c.last, customer.c.created_at)
    last = case((logged_in >= ordered, logged_in), else_=ordered)
    rows = customer.outerjoin(logins, logins.c.customer_id == customer.c.entity_id).outerjoin(
        orders, orders.c.customer_id == customer.c.entity_id
    )
    return with_row(scope, rows, customer.c.entity_id, days_ago(leaf, scope, last))


def _without_purchase(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Compare the days since the last purchase; without any, they are more than any number."""
    if opposite := _OPPOSITE.get(normal_operator(leaf)):
        return not_(_last_order(replace(leaf, operator=opposite), scope))
    return _last_order(leaf, scope)


def _with_orders(
    scope: Scope, having: ColumnElement[bool], *where: ColumnElement[bool]
) -> ColumnElement[bool]:
    order = scope.sales.order
    return with_total(scope, order, order.c.customer_id, having, _counts(order), *where)


def _last(
    scope: Scope, table: Table, time: ColumnElement[Any], *where: ColumnElement[bool]
) -> Subquery:
    """Return each customer's last `time` in a table."""
    asked = scope.asked(table.c.customer_id)
    query = select(table.c.customer_id, func.max(time).label("last")).where(*where, *asked)
    return grouped(query, table.c.customer_id).subquery()


def _counts(order: Table) -> ColumnElement[bool]:
    return order.c.state != "canceled"


_RULES: Mapping[str, _Rule] = {
    "days_since_last_login": _last_login,
    "days_since_last_order": _last_order,
    "days_since_first_order": _first_order,
    "order_frequency_days": _order_frequency,
    "days_inactive": _inactive,
    "days_without_purchase": _without_purchase,
}
