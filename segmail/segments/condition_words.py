"""Conditions in words, for people."""

from __future__ import annotations

from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf

_OPERATORS = {
    "": "is",
    "=": "is",
    "==": "is",
    "!=": "is not",
    ">=": "is at least",
    "<=": "is at most",
    ">": "is more than",
    "<": "is less than",
    "{}": "contains",
    "!{}": "does not contain",
    "()": "is one of",
    "!()": "is none of",
}
_LONGEST = 60  # characters of a value that are shown


def in_words(node: ConditionNode) -> str:
    """Return a node, without its children, in one line.

    An operator or a type that segmail does not know is shown as it is stored.
    """
    if isinstance(node, Combine):
        return _combination(node)
    operator = _OPERATORS.get(node.operator, node.operator)
    family, attribute = (text.replace("_", " ") for text in (node.family, node.attribute))
    return f"{family}: {attribute} {operator} {_value(node)}"


def _combination(node: Combine) -> str:
    if not node.children:
        return "no conditions"
    which = "all" if node.every else "any"
    if node.expects:
        return f"{which} of these are true"
    return "not all of these are true" if node.every else "none of these is true"


def _value(leaf: Leaf) -> str:
    value = leaf.value
    text = ", ".join(value) if isinstance(value, tuple) else value
    if not text:
        return "(empty)"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
