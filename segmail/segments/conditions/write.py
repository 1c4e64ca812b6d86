"""Writes conditions as Maho stores them: JSON, or PHP serialize for Maho before 26.3."""

from __future__ import annotations

import json
from typing import Any

from segmail.maho import php_serialize
from segmail.segments.conditions.read import PREFIX
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf


def conditions_as_json(tree: Combine) -> str:
    """Return the tree as PHP's `json_encode` writes it, for Maho from 26.3 on."""
    return json.dumps(_data(tree), separators=(",", ":")).replace("/", "\\/")


def conditions_as_php(tree: Combine) -> str:
    """Return the tree as PHP's `serialize` writes it, which every Maho reads."""
    return php_serialize.dumps(_data(tree))


def _data(node: ConditionNode) -> dict[str, Any]:
    """Return the array that Maho makes of a node, with the keys in Maho's order."""
    return _leaf(node) if isinstance(node, Leaf) else _combine(node)


def _leaf(leaf: Leaf) -> dict[str, Any]:
    return {
        "type": PREFIX + leaf.family,
        "attribute": leaf.attribute,
        "operator": leaf.operator,
        "value": list(leaf.value) if isinstance(leaf.value, tuple) else leaf.value,
        "is_value_processed": False,
    }


def _combine(node: Combine) -> dict[str, Any]:
    data = {
        "type": PREFIX + "combine",
        "attribute": None,
        "operator": None,
        "value": "1" if node.expects else "0",
        "is_value_processed": None,
        "aggregator": "all" if node.every else "any",
    }
    children = [_data(child) for child in node.children]
    return {**data, "conditions": children} if children else data
