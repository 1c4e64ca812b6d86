"""Conditions on the customer account itself.

An attribute that has no value for a customer satisfies no operator, not even a negative one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, select

from segmail.errors import ConditionError
from segmail.segments.conditions.dates import days_until_birthday
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.since_registration import SINCE_REGISTRATION, since_registration
from segmail.segments.conditions.tree import Leaf

_COLUMNS: dict[str, ValueKind] = {
    "email": "text",
    "created_at": "date",
    "group_id": "choice",
    "store_id": "choice",
}
_VALUES: dict[str, ValueKind] = {
    "firstname": "text",
    "lastname": "text",
    "gender": "choice",
    "dob": "date",
}

_Compare: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the customers that the leaf matches; raise ConditionError where it is unusable."""
    customer = scope.tables.customer.c
    if leaf.attribute in _COLUMNS:
        return _known(customer[leaf.attribute], leaf, _COLUMNS[leaf.attribute], scope)
    if leaf.attribute in _VALUES:
        kind = _VALUES[leaf.attribute]
        return _with_value(leaf, leaf.attribute, scope, lambda v: predicate(v, leaf, kind=kind))
    if leaf.attribute == "days_since_registration":
        return days_ago(leaf, scope, customer.created_at)
    if leaf.attribute in SINCE_REGISTRATION:
        return since_registration(leaf, scope)
    if leaf.attribute == "days_until_birthday":
        return _with_value(
            leaf,
            "dob",
            scope,
            lambda v: predicate(days_until_birthday(scope, v), leaf, kind="number"),
        )
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def _known(
    column: ColumnElement[Any], leaf: Leaf, kind: ValueKind, scope: Scope
) -> ColumnElement[bool]:
    """False, not NULL, where the column is NULL: then a negated combination is right as well."""
    return and_(column.is_not(None), predicate(column, leaf, kind=kind, zone=scope.zone))


def _with_value(leaf: Leaf, code: str, scope: Scope, compare: _Compare) -> ColumnElement[bool]:
    """Customers whose value of the EAV attribute `code` compares."""
    attribute = scope.eav.find("customer", code)
    if attribute is None or attribute.backend_type not in scope.tables.customer_values:
        raise ConditionError(f"{leaf} needs the customer attribute '{code}', which is missing.")
    value = scope.tables.customer_values[attribute.backend_type].c
    found = select(value.entity_id).where(
        value.attribute_id == attribute.attribute_id,
        compare(value.value),
        *scope.asked(value.entity_id),
    )
    return scope.tables.customer.c.entity_id.in_(found)
