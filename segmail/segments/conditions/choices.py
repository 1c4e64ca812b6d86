"""Compares a multiselect attribute, whose choices Maho stores as text, separated by commas."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, and_, literal, not_, or_, type_coerce

from segmail.errors import ConditionError
from segmail.segments.conditions.predicate import NEGATIVE, normal_operator, split_values
from segmail.segments.conditions.tree import Leaf
from segmail.segments.conditions.wide_text import wide_enough


def has_choice(column: ColumnElement[Any], leaf: Leaf) -> ColumnElement[bool]:
    """Return whether one of the leaf's values is among the choices in `column`.

    Maho compares the text as a whole: there, choice 12 is part of `112` and not equal to `12,13`.
    """
    operator = normal_operator(leaf)
    if operator in (">=", "<=", ">", "<"):
        raise ConditionError(f"The operator '{operator}' of {leaf} does not work on choices.")
    values = [value for value in split_values(leaf) if value]
    if not values:
        raise ConditionError(f"{leaf} has no value.")
    chosen = literal(",").concat(wide_enough(type_coerce(column, String), values)).concat(",")
    found = or_(*(chosen.contains(f",{value},", autoescape=True) for value in values))
    return and_(column.is_not(None), not_(found)) if operator in NEGATIVE else found
