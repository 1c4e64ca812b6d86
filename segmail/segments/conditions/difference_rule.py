"""One difference from Maho, and the conditions it concerns by attribute, operator and value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from segmail.errors import ConditionError
from segmail.segments.conditions.families.customer_clv import zero_satisfies
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.tree import Leaf

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(\.[0-9]+)?\s*")
_DAY = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\b.*", re.DOTALL)


def always(_leaf: Leaf) -> bool:
    """Return True: the difference holds for every value."""
    return True


@dataclass(frozen=True)
class DifferenceRule:
    """A row of docs/segments.md, identified by its first cell, and the conditions that it concerns.

    `attributes` are patterns of family/attribute; without `operators` it concerns all operators.
    """

    row: str
    attributes: tuple[str, ...]
    sentence: str
    operators: tuple[str, ...] = ()
    when: Callable[[Leaf], bool] = always

    def concerns(self, leaf: Leaf) -> bool:
        """Return whether this difference changes Maho's answer to the leaf."""
        name = f"{leaf.family}/{leaf.attribute}"
        return (
            any(fnmatchcase(name, pattern) for pattern in self.attributes)
            and (not self.operators or _operator(leaf) in self.operators)
            and self.when(leaf)
        )


def unknown_operator(leaf: Leaf) -> bool:
    """Return whether segmail does not know the operator."""
    return _operator(leaf) is None


def no_number(leaf: Leaf) -> bool:
    """Return whether a value is not a number; this includes an empty value."""
    return not all(_NUMBER.fullmatch(value) for value in _values(leaf))


def fraction(leaf: Leaf) -> bool:
    """Return whether a value is a number with a fraction."""
    return not no_number(leaf) and any(float(value) % 1 for value in _values(leaf))


def empty(leaf: Leaf) -> bool:
    """Return whether the leaf has no value."""
    return not unknown_operator(leaf) and not any(value.strip() for value in _values(leaf))


def day(leaf: Leaf) -> bool:
    """Return whether a value is a date, as in 2026-12-31."""
    return any(_DAY.fullmatch(value) for value in _values(leaf))


def no_day(leaf: Leaf) -> bool:
    """Return whether a value is not a date; an empty value does not count."""
    return not empty(leaf) and not all(_DAY.fullmatch(value) for value in _values(leaf))


def question_mark(leaf: Leaf) -> bool:
    """Return whether a value contains a question mark."""
    return any("?" in value for value in _values(leaf))


def wildcard(leaf: Leaf) -> bool:
    """Return whether a value contains one of SQL's wildcards."""
    return any("%" in value or "_" in value for value in _values(leaf))


def numbers_only(leaf: Leaf) -> bool:
    """Return whether every value is a plain whole number, such as an id."""
    return bool(_values(leaf)) and all(
        value.isascii() and value.isdigit() for value in _values(leaf)
    )


def matches_zero(leaf: Leaf) -> bool:
    """Return whether the condition matches an amount of 0."""
    return bool(_values(leaf)) and not no_number(leaf) and zero_satisfies(leaf)


def _operator(leaf: Leaf) -> str | None:
    try:
        return normal_operator(leaf)
    except ConditionError:
        return None


def _values(leaf: Leaf) -> tuple[str, ...]:
    return () if unknown_operator(leaf) else split_values(leaf)
