"""Membership of a list: the condition's value holds the customer ids.

It is for facts that a shop's database does not hold: resolved support tickets, exit intent,
referrals. The family is `list`, the attribute `customer_id`, the operator `()` or `!()`. An id may
be followed by `@` and the moment (UTC) from which it no longer counts: `9@2026-12-05T10:30:00`.

Touched by no table but the segment's own row; the clock changes it when an id expires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, not_, or_

from segmail.errors import ConditionError
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Crossing, Source
from segmail.segments.conditions.tree import Leaf

LONGEST = 20_000  # SQLite takes 32,766 bound values in a statement

_BATCH = 1_000


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the customers on the list (`()`) or not on it (`!()`) at the scope's moment.

    Raises ConditionError for other operators, an id that is not a number, and more than 20,000 ids.
    """
    listed = listed_customers(leaf)
    if len(listed) > LONGEST:
        raise ConditionError(
            f"The list of {leaf} has {len(listed):,} ids; the maximum is {LONGEST:,}."
        )
    ids = [id for id, expires in listed.items() if expires is None or expires > scope.now]
    if scope.among is not None:
        ids = sorted(set(ids).intersection(scope.among))
    found = one_of(scope.tables.customer.c.entity_id, ids)
    return not_(found) if normal_operator(leaf) == "!()" else found


def touched_by(_leaf: Leaf, _scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads: none but itself."""
    return ()


def crossings(leaf: Leaf, scope: Scope, since: datetime) -> Sequence[Crossing]:
    """Return the customers who have dropped off the list since then."""
    customer_id = scope.tables.customer.c.entity_id
    ended = [id for id, end in listed_customers(leaf).items() if end and since < end <= scope.now]
    return (Crossing(customer_id, one_of(customer_id, ended)),) if ended else ()


def listed_customers(leaf: Leaf) -> dict[int, datetime | None]:
    """Return each id of a list, in order, with its end (None: it never expires), however many.

    Raises ConditionError if the value is not a list of ids.
    """
    if leaf.attribute != "customer_id" or normal_operator(leaf) not in ("()", "!()"):
        raise ConditionError(f"{leaf} must be the attribute customer_id with () or !().")
    found: dict[int, datetime | None] = {}
    for value in split_values(leaf):
        if value:
            id, expires = _listed(value, leaf)
            found[id] = expires
    return dict(sorted(found.items()))


def written_list(listed: Mapping[int, datetime | None]) -> str:
    """Return the value of a list as it is stored; `listed_customers` reads it."""
    return ",".join(
        str(id) if expires is None else f"{id}@{_as_text(expires)}"
        for id, expires in sorted(listed.items())
    )


def _as_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _listed(value: str, leaf: Leaf) -> tuple[int, datetime | None]:
    id, at, moment = value.partition("@")
    try:
        expires = datetime.fromisoformat(moment).replace(tzinfo=UTC) if at else None
    except ValueError:
        raise ConditionError(
            f"The value '{value}' of {leaf} has an end that is not a time."
        ) from None
    if not _is_id(id):
        raise ConditionError(f"The value '{value}' of {leaf} is not a customer id.")
    return int(id), expires


def one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return whether the column holds one of many values; false if there are none."""
    starts = range(0, len(values), _BATCH)
    return or_(false(), *(column.in_(values[start : start + _BATCH]) for start in starts))


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 10
