"""Compares a column with a condition's value, by Maho's operators.

As in Maho, a row whose column is NULL satisfies no operator, not even a negative one. Values are
always bound, `%` and `_` mean themselves, and a value that is not the number or date that is needed
is an error: Maho would compare with 0, or with today.
"""

from __future__ import annotations

import operator as python
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta, tzinfo
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Float, Integer, String, and_, false, literal, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from segmail.errors import ConditionError
from segmail.segments.conditions.dates import midnight
from segmail.segments.conditions.tree import Leaf
from segmail.segments.conditions.wide_text import wide_enough

ValueKind: TypeAlias = Literal["text", "number", "date", "choice"]

NEGATIVE = frozenset({"!=", "!{}", "!()"})

_Column: TypeAlias = ColumnElement[Any]
_Compare: TypeAlias = Callable[[Any, Any], ColumnElement[bool]]

_ORDER: Mapping[str, _Compare] = {
    ">=": python.ge,
    "<=": python.le,
    ">": python.gt,
    "<": python.lt,
}
_OPERATORS = ("==", "!=", "()", "!()", "{}", "!{}", *_ORDER)
_SAME_AS = {"": "==", "=": "=="}  # what Maho's SQL does without an operator
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,8})?")
_DAY = re.compile(r"([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})([ T][0-9:]{5,8})?")
_ONE_DAY = timedelta(days=1)


def predicate(
    column: _Column, leaf: Leaf, *, kind: ValueKind, zone: tzinfo = UTC
) -> ColumnElement[bool]:
    """Return the comparison of `column` with the leaf's value.

    A `date` stands for its whole day in `zone`: `<= D` includes D, `== D` is any time of that day.
    For a column without times of day, such as a birthday, the zone is UTC. A `choice` is a number
    if the column is one; an empty choice then matches no row.
    Raises ConditionError for an operator or value that means nothing; the error names the leaf.
    """
    operator, values = normal_operator(leaf), split_values(leaf)
    if operator in _ORDER or operator in ("{}", "!{}"):
        _check_single(leaf, values)
    if kind == "text" or (kind == "choice" and not isinstance(column.type, Integer)):
        return _compare_text(column, operator, values)
    if operator in ("{}", "!{}"):
        raise ConditionError(f"The operator '{leaf.operator}' of {leaf} works on text only.")
    if kind == "date":
        return _compare_days(column, operator, [_day(leaf, value) for value in values], zone)
    if kind == "choice" and operator not in _ORDER:
        values = tuple(value for value in values if value)
    return _compare(column, operator, [_number(leaf, value) for value in values])


def numbers_of(leaf: Leaf) -> list[float]:
    """Return the leaf's values as numbers; raise ConditionError if one is not a number."""
    operator, values = normal_operator(leaf), split_values(leaf)
    if operator in ("{}", "!{}"):
        raise ConditionError(f"The operator '{leaf.operator}' of {leaf} works on text only.")
    if operator in _ORDER:
        _check_single(leaf, values)
    for value in values:
        _number(leaf, value)
    return [float(value) for value in values]


def normal_operator(leaf: Leaf) -> str:
    """Return the leaf's operator (none means `==`); raise ConditionError for an unknown one."""
    operator = _SAME_AS.get(leaf.operator, leaf.operator)
    if operator not in _OPERATORS:
        raise ConditionError(
            f"The operator '{leaf.operator}' of {leaf} is unknown; it can be "
            f"{', '.join(_OPERATORS)}."
        )
    return operator


def split_values(leaf: Leaf) -> tuple[str, ...]:
    """Return the leaf's values; for `()` and `!()` a text is split at its commas, as in Maho."""
    value = leaf.value or ""
    if isinstance(value, str) and normal_operator(leaf) in ("()", "!()"):
        value = tuple(value.split(","))
    if isinstance(value, str):
        return (value,)
    return tuple(part.strip() for part in value)


def _check_single(leaf: Leaf, values: tuple[str, ...]) -> None:
    if len(values) != 1:
        raise ConditionError(f"The operator '{leaf.operator}' of {leaf} takes one value.")


def _number(leaf: Leaf, value: str) -> ColumnElement[Any]:
    """Return a bound number; raise ConditionError if it is not one (Maho takes it as 0).

    A whole number stays one: an id is looked up as `1`, not as `1.0`.
    """
    number = _NUMBER.fullmatch(value.strip())
    if not number:
        raise ConditionError(f"The value '{value}' of {leaf} is not a number.")
    return literal(float(number[0]), Float()) if number[1] else literal(int(number[0]), Integer())


def _day(leaf: Leaf, value: str) -> date:
    """Return the date of a value; a time of day is cut off, as in Maho."""
    found = _DAY.fullmatch(value.strip())
    try:
        day = date.fromisoformat(found[1]) if found else date.max
    except ValueError:
        day = date.max
    if day == date.max:  # fails if there is no day after it
        raise ConditionError(
            f"The value '{value}' of {leaf} is not a date; write it as 2026-12-31."
        )
    return day


def _compare(column: _Column, operator: str, values: list[Any]) -> ColumnElement[bool]:
    if operator in _ORDER:
        return _ORDER[operator](column, values[0])
    if operator in NEGATIVE:
        return column.not_in(values) if values else column.is_not(None)
    return column.in_(values) if values else false()


def _compare_text(column: _Column, operator: str, values: tuple[str, ...]) -> ColumnElement[bool]:
    text = _any_case(wide_enough(column, values))
    if operator in ("{}", "!{}"):
        contains = text.like(literal(f"%{_escape(values[0])}%", String()), escape="!")
        return not_(contains) if operator == "!{}" else contains
    return _compare(text, operator, [literal(value, String()) for value in values])


def _compare_days(
    column: _Column, operator: str, days: list[date], zone: tzinfo
) -> ColumnElement[bool]:
    start, end = midnight(days[0], zone), midnight(days[0] + _ONE_DAY, zone)
    if operator in (">=", "<"):
        return _ORDER[operator](column, start)
    if operator in ("<=", ">"):
        return column < end if operator == "<=" else column >= end
    within = [
        and_(column >= midnight(day, zone), column < midnight(day + _ONE_DAY, zone)) for day in days
    ]
    return not_(or_(*within)) if operator in NEGATIVE else or_(*within)


def _escape(value: str) -> str:
    return re.sub(r"([!%_])", r"!\1", value)


class _any_case(FunctionElement[str]):  # noqa: N801 - reads as the function it is in SQL
    """Text compared without regard to case, as Maho's collations on MySQL do; on SQLite too."""

    type = String()
    inherit_cache = True


@compiles(_any_case)
def _compile_plain(element: _any_case, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_any_case, "sqlite")
def _compile_for_sqlite(element: _any_case, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)}) COLLATE NOCASE"
