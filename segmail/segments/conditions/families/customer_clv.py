"""Conditions on a customer's lifetime value: sales, orders and refunds.

Orders count unless they are canceled or closed. Amounts are in the website's base currency. A
customer without orders or refunds has 0 of them. Maho leaves such customers out of profit and
refunds, and subtracts refunds of orders that it did not count.

Touched by `sales_flat_order` and `sales_flat_creditmemo`; the clock changes nothing.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, not_, select

from segmail.errors import ConditionError
from segmail.segments.conditions.close_to import CLOSE_TO, bounds
from segmail.segments.conditions.having import with_total
from segmail.segments.conditions.predicate import NEGATIVE, normal_operator, predicate, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, orders, refunds
from segmail.segments.conditions.tree import Leaf

_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">=": python.ge,
    "<=": python.le,
    ">": python.gt,
    "<": python.lt,
}
_CANCELED_REFUND = 3  # sales_flat_creditmemo.state


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    if leaf.attribute == CLOSE_TO:
        return and_(*(condition(bound, scope) for bound in bounds(leaf)))
    if leaf.attribute not in _TOTALS:
        raise ConditionError(f"The attribute of {leaf} is unknown.")
    total = _TOTALS[leaf.attribute](scope)
    customer_id = scope.sales.order.c.customer_id
    compares = predicate(total.amount, leaf, kind="number")
    if not zero_satisfies(leaf):
        return with_total(scope, total.rows, customer_id, compares, total.counts)
    return not_(with_total(scope, total.rows, customer_id, not_(compares), total.counts))


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    refunded = leaf.attribute in ("lifetime_profit", "lifetime_refunds")
    return [*orders(scope), *(refunds(scope) if refunded else ())]


@dataclass(frozen=True)
class _Total:
    """An amount over each customer's rows, and the condition that a row counts."""

    rows: FromClause
    amount: ColumnElement[Any]
    counts: ColumnElement[bool]


def zero_satisfies(leaf: Leaf) -> bool:
    """Return whether the leaf, whose value is valid, matches customers without any rows."""
    operator, values = normal_operator(leaf), [float(value.strip()) for value in split_values(leaf)]
    if operator in _ORDER:
        return _ORDER[operator](0.0, values[0])
    return (0.0 in values) is not (operator in NEGATIVE)


def _sales(scope: Scope) -> _Total:
    return _of_orders(scope, _rounded(func.sum(scope.sales.order.c.base_grand_total)))


def _orders(scope: Scope) -> _Total:
    return _of_orders(scope, func.count())


def _average(scope: Scope) -> _Total:
    return _of_orders(scope, _rounded(func.avg(scope.sales.order.c.base_grand_total)))


def _of_orders(scope: Scope, amount: ColumnElement[Any]) -> _Total:
    return _Total(scope.sales.order, amount, _counted(scope))


def _profit(scope: Scope) -> _Total:
    """Return sales less the refunds of the same orders."""
    order, memo = scope.sales.order, scope.sales.creditmemo
    refunded = (
        select(memo.c.order_id, func.sum(memo.c.grand_total).label("amount"))
        .where(_is_refund(scope), *_of_asked(scope, memo.c.order_id))
        .group_by(memo.c.order_id)
        .subquery()
    )
    rows = order.outerjoin(refunded, refunded.c.order_id == order.c.entity_id)
    kept = order.c.base_grand_total - func.coalesce(_in_base(scope, refunded.c.amount), 0)
    return _Total(rows, _rounded(func.sum(kept)), _counted(scope))


def _of_asked(scope: Scope, order_id: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
    """Return the condition that an order belongs to a customer of the scope."""
    order = scope.sales.order.c
    asked = scope.asked(order.customer_id)
    return (order_id.in_(select(order.entity_id).where(*asked)),) if asked else ()


def _refunds(scope: Scope) -> _Total:
    order, memo = scope.sales.order, scope.sales.creditmemo
    rows = memo.join(order, order.c.entity_id == memo.c.order_id)
    amount = _rounded(func.sum(_in_base(scope, memo.c.grand_total)))
    return _Total(rows, amount, _is_refund(scope))


def _rounded(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an amount with four decimals, as Maho stores them; without any amounts 0."""
    return func.round(func.coalesce(amount, 0), 4)


def _in_base(scope: Scope, amount: ColumnElement[Any]) -> ColumnElement[Any]:
    """Convert an amount from the order's currency to the base currency at the order's own rate."""
    order = scope.sales.order.c
    at_its_rate = amount * order.base_grand_total / func.nullif(order.grand_total, 0)
    return func.coalesce(at_its_rate, amount)


def _counted(scope: Scope) -> ColumnElement[bool]:
    return scope.sales.order.c.state.not_in(("canceled", "closed"))


def _is_refund(scope: Scope) -> ColumnElement[bool]:
    return func.coalesce(scope.sales.creditmemo.c.state, 0) != _CANCELED_REFUND


_TOTALS: dict[str, Callable[[Scope], _Total]] = {
    "lifetime_sales": _sales,
    "number_of_orders": _orders,
    "average_order_value": _average,
    "lifetime_profit": _profit,
    "lifetime_refunds": _refunds,
}
