"""Conditions on the minutes or hours since something happened, which Maho does not have.

Full minutes and full hours count, as full days do in Maho: `>= 2` hours means at least two hours
ago, `== 2` at least two but less than three, `> 2` at least three. The column itself is compared
with a bound time, so that the database can use an index on it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, not_, or_

from segmail.errors import ConditionError
from segmail.maho.db.column_types import UtcDateTime
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

_WHOLE = re.compile(r"-?[0-9]{1,8}")  # up to 190 years of minutes
_LONGEST = timedelta(days=366 * 190)
_Column = ColumnElement[Any]

# Where an answer changes, in units beyond the amount; the other operators have both bounds.
_BOUNDS = {">=": (0,), "<": (0,), ">": (1,), "<=": (1,)}


def elapsed(leaf: Leaf, scope: Scope, unit: timedelta, *columns: _Column) -> ColumnElement[bool]:
    """Compare the full units since the latest of `columns` (none of them NULL) with the leaf.

    Raises ConditionError for a value that is not a whole number, and for `{}` and `!{}`.
    """
    operator = normal_operator(leaf)
    amounts = [_whole(leaf, value, unit) for value in split_values(leaf)]

    def reached(units: int) -> ColumnElement[bool]:
        start = literal(scope.now - units * unit, UtcDateTime())
        return and_(*(column <= start for column in columns))

    first = amounts[0]
    if operator in ("==", "!=", "()", "!()"):
        within = or_(*(and_(reached(n), not_(reached(n + 1))) for n in amounts))
        return not_(within) if operator.startswith("!") else within
    match operator:
        case ">=":
            return reached(first)
        case ">":
            return reached(first + 1)
        case "<":
            return not_(reached(first))
        case "<=":
            return not_(reached(first + 1))
    raise ConditionError(f"The operator '{operator}' of {leaf} works on text, not on a number.")


def moved_on(
    leaf: Leaf, scope: Scope, unit: timedelta, since: datetime, *columns: _Column
) -> ColumnElement[bool]:
    """Return the rows whose answers the clock may have changed between `since` and now."""
    amounts = [_whole(leaf, value, unit) for value in split_values(leaf)]
    more = _BOUNDS.get(normal_operator(leaf), (0, 1))
    return or_(
        *(
            and_(
                column > literal(since - units * unit, UtcDateTime()),
                column <= literal(scope.now - units * unit, UtcDateTime()),
            )
            for column in columns
            for amount in amounts
            for units in (amount + one for one in more)
        )
    )


def _whole(leaf: Leaf, value: str, unit: timedelta) -> int:
    if not _WHOLE.fullmatch(value) or abs(int(value)) * unit > _LONGEST:
        raise ConditionError(f"The value '{value}' of {leaf} is not a whole number of its unit.")
    return int(value)
