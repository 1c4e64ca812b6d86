"""Conditions on a customer's newsletter subscription, in any store.

A customer who never had a subscription matches neither `==` nor `!=`.

Touched by `newsletter_subscriber`; the clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, summed
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


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources the leaf reads; before Maho 26.7.3 a status changes without a mark."""
    subscriber = scope.tables.subscriber
    row = subscriber.c
    said = (row.subscriber_id, row.customer_id, row.subscriber_status, row.change_status_at)
    return [summed("subscriptions", subscriber, *said, where=row.customer_id > 0)]
