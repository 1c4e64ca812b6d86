"""Conditions on the addresses in a customer's address book; one matching address is enough.

Touched by `customer_address_entity` and its value tables, and by `directory_country_region`; the
clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, or_, select

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import normal_operator, predicate, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, addresses
from segmail.segments.conditions.tree import Leaf

_TEXTS = ("firstname", "lastname", "company", "street", "city", "postcode", "telephone")

_Compare: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    if leaf.attribute == "region":
        return _owner(scope, _region(leaf, scope))
    if leaf.attribute == "country_id":
        return _owner(scope, _in_values(leaf, "country_id", scope, _choice(leaf)))
    if leaf.attribute in _TEXTS:
        return _owner(scope, _in_values(leaf, leaf.attribute, scope, _text(leaf)))
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads."""
    return addresses(scope)


def _owner(scope: Scope, matches: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return customers with such an address; an address without a customer must not break a NOT."""
    address = scope.sales.address
    return with_row(scope, address, address.c.parent_id, matches)


def _region(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Compare the region's id if the value is one, as Maho's form stores it; otherwise its name."""
    if _names_ids(leaf):
        return _in_values(leaf, "region_id", scope, _choice(leaf))
    region = scope.sales.region.c
    known = select(region.region_id).where(_text(leaf)(region.default_name))
    return or_(
        _in_values(leaf, "region", scope, _text(leaf)),
        _in_values(leaf, "region_id", scope, lambda region_id: region_id.in_(known)),
    )


def _names_ids(leaf: Leaf) -> bool:
    """Return whether Maho compares ids from its own form with names, which matches nobody."""
    if normal_operator(leaf) in ("{}", "!{}"):
        return False
    return all(value.isascii() and value.isdigit() for value in split_values(leaf))


def _in_values(leaf: Leaf, code: str, scope: Scope, compare: _Compare) -> ColumnElement[bool]:
    """Return addresses whose value of the EAV attribute `code` satisfies the leaf."""
    attribute = scope.eav.find("customer_address", code)
    if attribute is None or attribute.backend_type not in scope.sales.address_values:
        raise ConditionError(f"{leaf} needs the address attribute '{code}', which is missing.")
    value = scope.sales.address_values[attribute.backend_type].c
    found: Select[tuple[int]] = select(value.entity_id).where(
        value.attribute_id == attribute.attribute_id, compare(value.value)
    )
    if asked := scope.asked(scope.sales.address.c.parent_id):
        found = found.where(
            value.entity_id.in_(select(scope.sales.address.c.entity_id).where(*asked))
        )
    return scope.sales.address.c.entity_id.in_(found)


def _text(leaf: Leaf) -> _Compare:
    return lambda column: predicate(column, leaf, kind="text")


def _choice(leaf: Leaf) -> _Compare:
    return lambda column: predicate(column, leaf, kind="choice")
