"""Membership of a list: the customer ids that the condition's value holds.

For what a shop's database does not know: resolved support tickets, exit intent, referrals. The
family is `list`, the attribute `customer_id`, the operator `()` or `!()`.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, not_, or_

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
    operator = normal_operator(leaf)
    if leaf.attribute != "customer_id" or operator not in ("()", "!()"):
        raise ConditionError(f"{leaf} must be the attribute customer_id with () or !().")
    ids = _ids(leaf)
    customer_id = scope.tables.customer.c.entity_id
    listed = or_(
        *(customer_id.in_(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH))
    )
    return not_(listed) if operator == "!()" else listed


def _ids(leaf: Leaf) -> list[int]:
    values = [value for value in split_values(leaf) if value]
    wrong = next((value for value in values if not _is_id(value)), None)
    if wrong is not None:
        raise ConditionError(f"The value '{wrong}' of {leaf} is not a customer id.")
    if not 0 < len(values) <= LONGEST:
        raise ConditionError(f"The list of {leaf} has {len(values):,} ids, not 1 to {LONGEST:,}.")
    return sorted({int(value) for value in values})


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 10
