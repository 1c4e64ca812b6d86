"""Conditions on orders: facts of a single order, and totals over all of a customer's orders.

Facts of a single order and the days since the last one count every order, including canceled ones;
average and total leave canceled orders out. Totals are in the website's base currency, whereas Maho
adds up amounts in the orders' currencies. A discount is a positive amount; Maho compares the
negative one.

Touched by `sales_flat_order` and `sales_flat_order_payment`; only `days_since_last_order` changes
with the clock, at midnight of the website.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func

from segmail.errors import ConditionError
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.having import with_row, with_total
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.recent import recent_enough
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, orders
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, tuple[str, ValueKind]] = {
    "total_qty": ("total_qty_ordered", "number"),
    "total_amount": ("grand_total", "number"),
    "grand_total": ("grand_total", "number"),
    "subtotal": ("subtotal", "number"),
    "tax_amount": ("tax_amount", "number"),
    "shipping_amount": ("shipping_amount", "number"),
    "status": ("status", "choice"),
    "created_at": ("created_at", "date"),
    "updated_at": ("updated_at", "date"),
    "store_id": ("store_id", "choice"),
    "currency_code": ("order_currency_code", "choice"),
    "shipping_method": ("shipping_method", "text"),
    "coupon_code": ("coupon_code", "text"),
}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    order = scope.sales.order
    if leaf.attribute in _COLUMNS:
        name, kind = _COLUMNS[leaf.attribute]
        return with_row(
            scope,
            order,
            order.c.customer_id,
            predicate(order.c[name], leaf, kind=kind, zone=scope.zone),
        )
    if leaf.attribute in _SPECIAL:
        return _SPECIAL[leaf.attribute](leaf, scope)
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    return orders(scope)


def _discount(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    order = scope.sales.order
    discount = func.abs(order.c.discount_amount)
    return with_row(scope, order, order.c.customer_id, predicate(discount, leaf, kind="number"))


def _payment_method(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    order, payment = scope.sales.order, scope.sales.order_payment
    paid = order.join(payment, payment.c.parent_id == order.c.entity_id)
    chosen = predicate(payment.c.method, leaf, kind="text")
    return with_row(scope, paid, order.c.customer_id, chosen)


def _days_since_last(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    order = scope.sales.order
    having = days_ago(leaf, scope, func.max(order.c.created_at))
    recent = recent_enough(leaf, scope, order.c.created_at)
    return with_total(scope, order, order.c.customer_id, having, *recent)


def _average(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    return _amount(leaf, scope, func.avg)


def _total(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    return _amount(leaf, scope, func.sum)


def _amount(leaf: Leaf, scope: Scope, aggregate: Callable[..., Any]) -> ColumnElement[bool]:
    order = scope.sales.order
    # SQLite adds up floats; Maho's amounts have four decimals.
    amount = func.round(aggregate(order.c.base_grand_total), 4)
    having = predicate(amount, leaf, kind="number")
    return with_total(scope, order, order.c.customer_id, having, order.c.state != "canceled")


_SPECIAL = {
    "discount_amount": _discount,
    "payment_method": _payment_method,
    "days_since_last_order": _days_since_last,
    "average_order_amount": _average,
    "total_ordered_amount": _total,
}
