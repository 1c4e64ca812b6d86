"""Conditions on a customer's newsletter subscription, in any store.

A customer who never had a subscription matches neither `==` nor `!=`.

Touched by `newsletter_subscriber`; the clock changes nothing.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, ValueKind] = {"subscriber_status": "choice", "change_status_at": "date"}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    if leaf.attribute not in _COLUMNS:
        raise ConditionError(f"The attribute of {leaf} is unknown.")
    subscriber = scope.tables.subscriber
    matches = predicate(
        subscriber.c[leaf.attribute], leaf, kind=_COLUMNS[leaf.attribute], zone=scope.zone
    )
    return with_row(scope, subscriber, subscriber.c.customer_id, matches)
