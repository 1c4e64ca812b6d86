"""Membership of a list: the customer ids that the condition's value holds.

For what a shop's database does not know: resolved support tickets, exit intent, referrals. The
family is `list`, the attribute `customer_id`, the operator `()` or `!()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, false, not_, or_

from segmail.errors import ConditionError
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

LONGEST = 20_000  # SQLite takes 32,766 bound values in a statement

_BATCH = 1_000


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the customers on the list (`()`) or not on it (`!()`).

    Raises ConditionError for other operators, an id that is no number, an empty list, and more
    than 20,000 ids.
    """
    ids = listed_ids(leaf)
    if not 0 < len(ids) <= LONGEST:
        raise ConditionError(f"The list of {leaf} has {len(ids):,} ids, not 1 to {LONGEST:,}.")
    listed = one_of(scope.tables.customer.c.entity_id, ids)
    return not_(listed) if normal_operator(leaf) == "!()" else listed


def listed_ids(leaf: Leaf) -> list[int]:
    """Return the ids of a list, however many, in order; raise ConditionError for what is none."""
    if leaf.attribute != "customer_id" or normal_operator(leaf) not in ("()", "!()"):
        raise ConditionError(f"{leaf} must be the attribute customer_id with () or !().")
    values = [value for value in split_values(leaf) if value]
    wrong = next((value for value in values if not _is_id(value)), None)
    if wrong is not None:
        raise ConditionError(f"The value '{wrong}' of {leaf} is not a customer id.")
    return sorted({int(value) for value in values})


def one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return whether the column has one of many values; of none, never."""
    starts = range(0, len(values), _BATCH)
    return or_(false(), *(column.in_(values[start : start + _BATCH]) for start in starts))


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 10
