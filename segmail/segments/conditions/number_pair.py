"""Values of two numbers, such as `1000:50`, which some of segmail's own conditions take."""

from __future__ import annotations

from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Leaf


def split_pair(leaf: Leaf, what: str) -> tuple[str, str]:
    """Return both parts of the leaf's value; raise ConditionError unless there are two.

    `what` describes the parts in the error.
    """
    value = leaf.value if isinstance(leaf.value, str) else ""
    first, colon, second = value.partition(":")
    if not (colon and first.strip() and second.strip()):
        raise ConditionError(f"The value '{value}' of {leaf} must be {what}.")
    return first.strip(), second.strip()
