"""The hours or minutes since a customer registered; Maho counts in days only."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from segmail.segments.conditions.elapsed import HOUR, MINUTE, elapsed
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

SINCE_REGISTRATION = {
    "hours_since_registration": HOUR,
    "minutes_since_registration": MINUTE,
}


def since_registration(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Compare the full hours or minutes, by the leaf's attribute, with its value."""
    unit = SINCE_REGISTRATION[leaf.attribute]
    return elapsed(leaf, scope, unit, scope.tables.customer.c.created_at)
