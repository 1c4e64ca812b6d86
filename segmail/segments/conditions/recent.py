"""Leaves out rows that are too old to decide how long ago the last one was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement

from segmail.segments.conditions.dates import midnight
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

_LONGEST = 18_000  # days, 49 years: no bound is earlier than a TIMESTAMP can be


def recent_enough(
    leaf: Leaf, scope: Scope, column: ColumnElement[Any]
) -> Sequence[ColumnElement[bool]]:
    """Return the conditions on a row's time under which it matters for the days since the last one.

    "At most 30 days" and "30 days" need only the rows of the last 30 days, which an index on the
    time finds. "More than 30 days" needs all rows, so nothing is returned. `predicate` must have
    accepted the leaf as a number.
    """
    if normal_operator(leaf) not in ("<", "<=", "==", "()"):
        return ()
    days = max(math.floor(float(value)) for value in split_values(leaf))
    if not 0 <= days <= _LONGEST:
        return ()
    return (column >= midnight(scope.today - timedelta(days=days), scope.zone),)
