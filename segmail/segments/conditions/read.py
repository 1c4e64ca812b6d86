"""Reads `customer_segment.conditions_serialized`: JSON (Maho 26) or PHP serialize (Maho 25).

Nothing is dropped: Maho drops conditions that it does not know, which widens the segment.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from segmail.errors import ConditionError
from segmail.maho import php_serialize
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf

PREFIX = "customersegmentation/segment_condition_"

_COMBINE = "combine"
_MAX_DEPTH = 50
_MAX_NODES = 500  # SQLite joins at most 1,000 conditions
_NOTHING = Combine(every=True, expects=True, children=(), path="root")


def read_conditions(stored: str | None) -> Combine:
    """Return the tree of a segment; NULL and '' are the empty tree, which matches everybody.

    Raises ConditionError for what is not a tree: an aggregator other than all and any, or a
    combination that does not say whether it is TRUE or FALSE. The compiler checks whether a
    condition's type, operator and value are valid.
    """
    if stored is None or not stored.strip():
        return _NOTHING
    data = _decode(stored)
    return _NOTHING if data in ({}, []) else tree_from(data)


def tree_from(data: object) -> Combine:
    """Return the tree of decoded data: nested mappings with Maho's keys."""
    root = _mapping(data, "root")
    kind = _family(root, "root") if root.get("type") else _COMBINE
    if kind != _COMBINE:
        _fail("root", f"is a '{kind}', not a combination")
    return _Builder().combine(root, "root", 0)


class _Builder:
    """Builds nodes and counts them."""

    def __init__(self) -> None:
        self._nodes = 0

    def combine(self, data: Mapping[Any, Any], path: str, depth: int) -> Combine:
        if depth > _MAX_DEPTH:
            _fail(path, f"is nested more than {_MAX_DEPTH} deep")
        prefix = "" if path == "root" else f"{path}."
        children = tuple(
            self._node(child, f"{prefix}{position}", depth + 1)
            for position, child in enumerate(_children(data, path), start=1)
        )
        return Combine(_every(data, path), _expects(data, path), children, path)

    def _node(self, data: object, path: str, depth: int) -> ConditionNode:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            _fail(path, f"is one too many: a segment can have {_MAX_NODES} conditions")
        node = _mapping(data, path)
        family = _family(node, path)
        if family == _COMBINE:
            return self.combine(node, path, depth)
        attribute, operator = _text(node.get("attribute"), path), _text(node.get("operator"), path)
        return Leaf(family, attribute, operator, _value(node.get("value"), path), path)


def _decode(stored: str) -> object:
    if stored.lstrip().startswith(("{", "[")):
        try:
            return json.loads(stored, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ConditionError(f"The stored conditions are not JSON: {error}.") from None
    try:
        return php_serialize.loads(stored.encode(errors="surrogatepass"))
    except php_serialize.PhpSerializeError as error:
        raise ConditionError(f"The stored conditions cannot be read: {error}.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _mapping(data: object, path: str) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        _fail(path, "is no condition")
    return data


def _family(data: Mapping[Any, Any], path: str) -> str:
    """Return the type without Maho's prefix; a type without it stays as it is."""
    return _text(data.get("type"), path).removeprefix(PREFIX)


def _children(data: Mapping[Any, Any], path: str) -> list[object]:
    """Return the child conditions: a list in JSON, an array with keys in PHP."""
    children = data.get("conditions")
    if children is None or children == "":
        return []
    if isinstance(children, Mapping):
        return list(children.values())
    if not isinstance(children, list):
        _fail(path, "has conditions that are no list")
    return children


def _every(data: Mapping[Any, Any], path: str) -> bool:
    aggregator = data.get("aggregator") or data.get("attribute")
    if aggregator not in ("all", "any"):
        _fail(path, f"has the aggregator {aggregator!r}; it can be 'all' or 'any'")
    return bool(aggregator == "all")


def _expects(data: Mapping[Any, Any], path: str) -> bool:
    """Return whether the combination must be true, by what PHP takes as true.

    If the value is missing, Maho negates the combination; here it is an error.
    """
    if "value" not in data:
        _fail(path, "does not say whether it must be TRUE or FALSE (no 'value')")
    value = data["value"]
    if value is not None and not isinstance(value, bool | int | float | str):
        _fail(path, "has a value that is neither TRUE nor FALSE")
    return value not in (None, False, 0, "", "0")


def _value(value: object, path: str) -> str | tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return tuple(_text(part, path) for part in value)
    return _text(value, path)


def _text(value: object, path: str) -> str:
    """Return a scalar as PHP writes it in text."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float):
        return _real(value, path)
    if not isinstance(value, int | str):
        _fail(path, "has a list where a text belongs")
    if any("\ud800" <= character <= "\udfff" for character in str(value)):
        _fail(path, "has a text that is not Unicode")
    return str(value)


def _real(value: float, path: str) -> str:
    if not math.isfinite(value):
        _fail(path, "has a value that is not a number")
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _fail(path: str, what: str) -> NoReturn:
    where = "The root of the conditions" if path == "root" else f"Condition {path}"
    raise ConditionError(f"{where} {what}.")
