"""The conditions of a segment in a file: lines below `all`, `any`, `not all` and `none`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmail.campaigns.entry import FileFaults
from segmail.campaigns.fields import among
from segmail.campaigns.markup import Fields, Items, MarkupNode, Scalar
from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.language.labels import FAMILIES
from segmail.segments.language.line import read_line, write_line

_COMBINATIONS: Mapping[str, tuple[bool, bool]] = {  # every, expects
    "all": (True, True),
    "any": (False, True),
    "not all": (True, False),
    "none": (False, False),
}
_NAMES = {meaning: name for name, meaning in _COMBINATIONS.items()}


def read_tree(node: MarkupNode, faults: FileFaults) -> tuple[Combine | None, dict[str, int]]:
    """Return the tree, and the line of each of its nodes by path; None where it has faults."""
    lines: dict[str, int] = {}
    pair = _pair(node, faults)
    if pair is not None and pair[0].text not in _COMBINATIONS:
        faults.add(node.line, f"Conditions begin with one of {among(_COMBINATIONS)}.")
        return None, lines
    tree = None if pair is None else _node(node, "root", lines, faults)
    return tree if isinstance(tree, Combine) else None, lines


def write_tree(node: ConditionNode) -> dict[str, Any]:
    """Return a node as what `write_yaml` takes; raise ConditionError for an unknown condition."""
    if isinstance(node, Leaf):
        name, line = write_line(node)
        return {name: line}
    return {_NAMES[node.every, node.expects]: [write_tree(child) for child in node.children]}


def _node(
    node: MarkupNode, path: str, lines: dict[str, int], faults: FileFaults
) -> ConditionNode | None:
    lines[path] = node.line
    pair = _pair(node, faults)
    if pair is None:
        return None
    key, value = pair
    if key.text in _COMBINATIONS:
        return _combine(key.text, value, path, lines, faults)
    if not isinstance(value, Scalar):
        what = f"is one of {among((*_COMBINATIONS, *FAMILIES))}, the latter with one line of text"
        faults.add(key.line, f"'{key.text}' must be a condition, which {what}.")
        return None
    try:
        return read_line(key.text, value.text, path)
    except ConditionError as error:
        faults.add(key.line, str(error))
        return None


def _combine(
    name: str, value: MarkupNode, path: str, lines: dict[str, int], faults: FileFaults
) -> Combine | None:
    if not isinstance(value, Items):
        faults.add(value.line, f"Below '{name}' must be a list of conditions, each with a '-'.")
        return None
    prefix = "" if path == "root" else f"{path}."
    children = [
        _node(item, f"{prefix}{position}", lines, faults)
        for position, item in enumerate(value.nodes, start=1)
    ]
    known = tuple(child for child in children if child is not None)
    return Combine(*_COMBINATIONS[name], known, path) if len(known) == len(children) else None


def _pair(node: MarkupNode, faults: FileFaults) -> tuple[Scalar, MarkupNode] | None:
    """Return the only key of a mapping and its value."""
    if isinstance(node, Fields) and len(node.pairs) == 1:
        return node.pairs[0]
    faults.add(node.line, "Here must be one condition, such as 'cart: active = yes'.")
    return None
