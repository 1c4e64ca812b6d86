"""Conditions on the calendar days since a time, counted in the time zone of the website.

The column is compared with bounds of days that are computed here.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_

from segmail.segments.conditions.dates import is_time, midnight
from segmail.segments.conditions.predicate import normal_operator, numbers_of
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

# The values that a TIMESTAMP column can be compared with, in any time zone.
_FIRST, _LAST = date(1970, 1, 3), date(2038, 1, 17)


def days_ago(leaf: Leaf, scope: Scope, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Compare the days from a UTC time (a column or an aggregate) until now with the leaf's value.

    Raises ConditionError for a value that is not a number, and for operators on text.
    """
    operator, values = normal_operator(leaf), numbers_of(leaf)

    def reached(days: int) -> ColumnElement[bool]:
        """Return the condition that a time is at least so many days ago: before the end of that
        day.
        """
        bound = scope.today.toordinal() - days + 1
        day = date.fromordinal(min(max(bound, _FIRST.toordinal()), _LAST.toordinal()))
        return column < midnight(day, scope.zone)

    first = values[0] if values else 0.0
    match operator:
        case ">=":
            found = reached(math.ceil(first))
        case ">":
            found = reached(math.floor(first) + 1)
        case "<":
            found = not_(reached(math.ceil(first)))
        case "<=":
            found = not_(reached(math.floor(first) + 1))
        case _:
            whole = [int(value) for value in values if value.is_integer()]
            within = [and_(reached(n), not_(reached(n + 1))) for n in whole]
            found = or_(false(), *within)
            if operator.startswith("!"):
                found = not_(found)
    return and_(is_time(scope, column), found)
