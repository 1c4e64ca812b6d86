"""The conditions of a segment in a file: lines below `all`, `any`, `not all` and `none`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from segmail.campaigns.entry import FileFaults
from segmail.campaigns.fields import among
from segmail.campaigns.markup import Fields, Items, MarkupNode, Scalar
from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.language.labels import FAMILIES
from segmail.segments.language.line import read_line, write_line
from segmail.segments.language.spec_words import of_family, prose_hint

COMBINATIONS: Mapping[str, tuple[bool, bool]] = {  # every, expects
    "all": (True, True),
    "any": (False, True),
    "not all": (True, False),
    "none": (False, False),
}
_NAMES = {meaning: name for name, meaning in COMBINATIONS.items()}


@dataclass
class ReadConditions:
    """What could be read: the tree (None if it has faults), every leaf, and the lines by path."""

    tree: Combine | None = None
    leaves: list[Leaf] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


def read_tree(node: MarkupNode, faults: FileFaults) -> ReadConditions:
    """Return the conditions below a segment's `conditions`, as far as they can be read."""
    read = ReadConditions()
    pair = _pair(node, faults)
    if pair is not None and pair[0].text not in COMBINATIONS:
        faults.add(node.line, f"Conditions begin with one of {among(COMBINATIONS)}.")
        return read
    tree = None if pair is None else _node(node, "root", read, faults)
    read.tree = tree if isinstance(tree, Combine) else None
    return read


def write_tree(node: ConditionNode) -> dict[str, Any]:
    """Return a node as `write_yaml` takes it; raise ConditionError for an unknown condition."""
    if isinstance(node, Leaf):
        name, line = write_line(node)
        return {name: line}
    return {_NAMES[node.every, node.expects]: [write_tree(child) for child in node.children]}


def _node(
    node: MarkupNode, path: str, read: ReadConditions, faults: FileFaults
) -> ConditionNode | None:
    read.lines[path] = node.line
    pair = _pair(node, faults)
    if pair is None:
        return None
    key, value = pair
    if key.text in COMBINATIONS:
        return _combine(key.text, value, path, read, faults)
    if not isinstance(value, Scalar):
        what = f"is one of {among((*COMBINATIONS, *FAMILIES))}, the latter with one line of text"
        faults.add(key.line, f"'{key.text}' must be a condition, which {what}.")
        return None
    try:
        leaf = read_line(key.text, value.text, path)
    except ConditionError as error:
        faults.add(key.line, str(error))
        return None
    read.leaves.append(leaf)
    return leaf


def _combine(
    name: str, value: MarkupNode, path: str, read: ReadConditions, faults: FileFaults
) -> Combine | None:
    if not isinstance(value, Items):
        faults.add(value.line, f"Below '{name}' must be a list of conditions, each with a '-'.")
        return None
    prefix = "" if path == "root" else f"{path}."
    children = [
        _node(item, f"{prefix}{position}", read, faults)
        for position, item in enumerate(value.nodes, start=1)
    ]
    known = tuple(child for child in children if child is not None)
    return Combine(*COMBINATIONS[name], known, path) if len(known) == len(children) else None


def _pair(node: MarkupNode, faults: FileFaults) -> tuple[Scalar, MarkupNode] | None:
    """Return the only key of a mapping and its value; a quoted line is such a pair, too."""
    if isinstance(node, Scalar) and ":" in node.text:
        name, line = node.text.split(":", 1)
        return replace(node, text=name.strip()), replace(node, text=line.strip())
    if isinstance(node, Fields) and len(node.pairs) == 1:
        return node.pairs[0]
    meant = None
    if isinstance(node, Scalar):
        if said := of_family(node.text):
            return replace(node, text=said[0]), replace(node, text=said[1])
        meant = prose_hint(node.text)
    hint = f"; did you mean '{meant}'?" if meant else ", such as 'cart: active = yes'."
    faults.add(node.line, f"Here must be one condition{hint}")
    return None
