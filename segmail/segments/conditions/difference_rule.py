"""One difference from Maho: which conditions it concerns, by attribute, operator and value."""

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
    """Return True: the difference is the same for every value."""
    return True


@dataclass(frozen=True)
class DifferenceRule:
    """A row of docs/segments.md, by its first cell, and the conditions that it concerns.

    `attributes` are patterns of family/attribute; without `operators` it concerns all of them.
    """

    row: str
    attributes: tuple[str, ...]
    sentence: str
    operators: tuple[str, ...] = ()
    when: Callable[[Leaf], bool] = always

    def concerns(self, leaf: Leaf) -> bool:
        """Return whether Maho's answer to the leaf differs in this."""
        name = f"{leaf.family}/{leaf.attribute}"
        return (
            any(fnmatchcase(name, pattern) for pattern in self.attributes)
            and (not self.operators or _operator(leaf) in self.operators)
            and self.when(leaf)
        )


def unknown_operator(leaf: Leaf) -> bool:
    """Return whether the operator is none that segmail knows."""
    return _operator(leaf) is None


def no_number(leaf: Leaf) -> bool:
    """Return whether a value is no number; an empty one is none."""
    return not all(_NUMBER.fullmatch(value) for value in _values(leaf))


def fraction(leaf: Leaf) -> bool:
    """Return whether a value is a number with a fraction."""
    return not no_number(leaf) and any(float(value) % 1 for value in _values(leaf))


def empty(leaf: Leaf) -> bool:
    """Return whether there is no value."""
    return not unknown_operator(leaf) and not any(value.strip() for value in _values(leaf))


def day(leaf: Leaf) -> bool:
    """Return whether a value is a day, as in 2026-12-31."""
    return any(_DAY.fullmatch(value) for value in _values(leaf))


def no_day(leaf: Leaf) -> bool:
    """Return whether there is a value that is no day."""
    return not empty(leaf) and not all(_DAY.fullmatch(value) for value in _values(leaf))


def question_mark(leaf: Leaf) -> bool:
    """Return whether a value has a question mark in it."""
    return any("?" in value for value in _values(leaf))


def wildcard(leaf: Leaf) -> bool:
    """Return whether a value has one of SQL's wildcards in it."""
    return any("%" in value or "_" in value for value in _values(leaf))


def numbers_only(leaf: Leaf) -> bool:
    """Return whether each value is a plain whole number, such as an id."""
    return bool(_values(leaf)) and all(
        value.isascii() and value.isdigit() for value in _values(leaf)
    )


def matches_zero(leaf: Leaf) -> bool:
    """Return whether an amount of 0 is matched."""
    return bool(_values(leaf)) and not no_number(leaf) and zero_satisfies(leaf)


def _operator(leaf: Leaf) -> str | None:
    try:
        return normal_operator(leaf)
    except ConditionError:
        return None


def _values(leaf: Leaf) -> tuple[str, ...]:
    return () if unknown_operator(leaf) else split_values(leaf)
