"""Conditions on a customer's active carts; `is_active == 0` is about the other carts.

Amounts are in the website's base currency. `hours_since_updated`, `minutes_since_updated`,
`hours_since_created` and `minutes_since_created` are segmail's own.

Touched by `sales_flat_quote`; `hours_…` and `minutes_…` change with the clock, each time a full
unit has passed since the time of a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement

from segmail.errors import ConditionError
from segmail.segments.conditions.elapsed import HOUR, MINUTE, elapsed, moved_on
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Crossing, Source, carts
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, ValueKind] = {
    "items_count": "number",
    "items_qty": "number",
    "base_subtotal": "number",
    "base_grand_total": "number",
    "created_at": "date",
    "updated_at": "date",
    "store_id": "choice",
    "applied_rule_ids": "text",
    "coupon_code": "text",
}
# A cart that was never changed after its creation may have a zero date as `updated_at`.
_SINCE = {
    "hours_since_updated": (HOUR, ("updated_at", "created_at")),
    "minutes_since_updated": (MINUTE, ("updated_at", "created_at")),
    "hours_since_created": (HOUR, ("created_at",)),
    "minutes_since_created": (MINUTE, ("created_at",)),
}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    cart = scope.sales.quote
    if leaf.attribute == "is_active":
        chosen = predicate(cart.c.is_active, leaf, kind="choice")
        return with_row(scope, cart, cart.c.customer_id, chosen)
    return with_row(scope, cart, cart.c.customer_id, cart.c.is_active == 1, _compare(leaf, scope))


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    return carts(scope)


def crossings(leaf: Leaf, scope: Scope, since: datetime) -> Sequence[Crossing]:
    """Return the customers for whom the clock may have changed the leaf's answer since then."""
    if leaf.attribute not in _SINCE:
        return ()
    unit, columns = _SINCE[leaf.attribute]
    cart = scope.sales.quote
    moved = moved_on(leaf, scope, unit, since, *(cart.c[name] for name in columns))
    return (Crossing(cart.c.customer_id, moved),)


def _compare(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    cart = scope.sales.quote
    if leaf.attribute in _COLUMNS:
        return predicate(
            cart.c[leaf.attribute], leaf, kind=_COLUMNS[leaf.attribute], zone=scope.zone
        )
    if leaf.attribute in _SINCE:
        unit, columns = _SINCE[leaf.attribute]
        return elapsed(leaf, scope, unit, *(cart.c[name] for name in columns))
    raise ConditionError(f"The attribute of {leaf} is unknown.")
