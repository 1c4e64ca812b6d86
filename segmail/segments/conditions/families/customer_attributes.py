"""Conditions on the customer account itself: Maho's attributes, and those that a shop has added.

An attribute without a value for a customer satisfies no operator, not even a negative one. Every
customer attribute can be compared, whichever table holds its values; those that Maho's form does
not offer are segmail's own. Dates of such attributes are days as stored; `select` attributes are
compared by the ids of their options, several choices one by one.

Touched by `customer_entity` and its value tables; `days_…`, `hours_…` and `minutes_…` change with
the clock: days at midnight of the website.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Integer, String, and_, literal_column, select
from sqlalchemy.types import TypeEngine

from segmail.errors import ConditionError
from segmail.maho.db.column_types import UtcDateTime
from segmail.segments.conditions.choices import has_choice
from segmail.segments.conditions.dates import days_until_birthday
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.elapsed import moved_on
from segmail.segments.conditions.predicate import ValueKind, predicate
from segmail.segments.conditions.scope import EavAttribute, Scope
from segmail.segments.conditions.since_registration import SINCE_REGISTRATION, since_registration
from segmail.segments.conditions.touched import Crossing, Source, customers
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
_KINDS: Mapping[str, ValueKind] = {
    "varchar": "text",
    "text": "text",
    "int": "choice",
    "decimal": "number",
    "datetime": "date",
}
# Columns of the account, by the kind of input that Maho's form has for them.
_STATIC: Mapping[str, tuple[ValueKind, TypeEngine[Any]]] = {
    "boolean": ("choice", Integer()),
    "select": ("choice", Integer()),
    "date": ("date", UtcDateTime()),
    "datetime": ("date", UtcDateTime()),
}
_SECRET = frozenset({"password_hash", "rp_token", "twofa_secret", "confirmation"})

_Compare: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
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
    return _of_the_shop(leaf, scope)


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    return customers(scope)


def crossings(leaf: Leaf, scope: Scope, since: datetime) -> Sequence[Crossing]:
    """Return the customers for whom the clock may have changed the leaf's answer since then."""
    if leaf.attribute not in SINCE_REGISTRATION:
        return ()
    customer, unit = scope.tables.customer.c, SINCE_REGISTRATION[leaf.attribute]
    moved = moved_on(leaf, scope, unit, since, customer.created_at)
    return (Crossing(customer.entity_id, moved),)


def _of_the_shop(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    attribute = scope.eav.find("customer", leaf.attribute)
    if attribute is None:
        codes = scope.eav.by_entity.get("customer", {})
        close = get_close_matches(leaf.attribute, (*_COLUMNS, *_VALUES, *codes), n=3)
        hint = f"; did you mean {', '.join(dict.fromkeys(close))}?" if close else "."
        raise ConditionError(f"The attribute of {leaf} is unknown{hint}")
    if attribute.code in _SECRET or attribute.frontend_input == "hidden":
        raise ConditionError(f"{leaf} names an attribute that is secret, or internal to Maho.")
    if attribute.backend_table:
        raise ConditionError(
            f"{leaf} names an attribute with a table of its own, '{attribute.backend_table}', "
            "which segmail does not read."
        )
    if attribute.backend_type == "static":
        return _of_the_account(leaf, attribute, scope)
    if attribute.frontend_input == "multiselect":
        return _with_value(leaf, attribute.code, scope, lambda v: has_choice(v, leaf))
    kind = _KINDS[attribute.backend_type]
    return _with_value(leaf, attribute.code, scope, lambda v: predicate(v, leaf, kind=kind))


def _of_the_account(leaf: Leaf, attribute: EavAttribute, scope: Scope) -> ColumnElement[bool]:
    """Compare a column of the account; this shop's table may not have it.

    The code is one of the shop's attributes: letters, digits and underscores.
    """
    kind, type_ = _STATIC.get(attribute.frontend_input or "", ("text", String()))
    column = literal_column(f"{scope.tables.customer.name}.{attribute.code}", type_)
    return _known(column, leaf, kind, scope)


def _known(
    column: ColumnElement[Any], leaf: Leaf, kind: ValueKind, scope: Scope
) -> ColumnElement[bool]:
    """Return False, not NULL, if the column is NULL: negated combinations are then right too."""
    return and_(column.is_not(None), predicate(column, leaf, kind=kind, zone=scope.zone))


def _with_value(leaf: Leaf, code: str, scope: Scope, compare: _Compare) -> ColumnElement[bool]:
    """Return customers whose value of the EAV attribute `code` satisfies the leaf."""
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
