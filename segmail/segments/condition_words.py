"""Conditions in the words of campaign files, for people to read."""

from __future__ import annotations

from collections.abc import Iterator

from segmail.errors import ConditionError
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.language.line import write_line
from segmail.segments.naming.shop_names import ShopNames
from segmail.segments.naming.translate import with_names

_LONGEST = 80  # maximum characters shown of a line


def words_by_path(tx: Transaction, tree: Combine) -> dict[str, str]:
    """Return every node of a stored tree in words, by its path; ids are replaced by the shop's
    names.
    """
    return {node.path: in_words(node) for node in _nodes(with_names(tree, ShopNames(tx)))}


def in_words(node: ConditionNode) -> str:
    """Return a node, without its children, as a line of a campaign file.

    A family, attribute or operator that segmail does not know is shown as it is stored.
    """
    if isinstance(node, Combine):
        return _combination(node)
    try:
        name, line = write_line(node)
    except ConditionError:
        return _as_stored(node)
    text = f"{name}: {line}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _nodes(node: ConditionNode) -> Iterator[ConditionNode]:
    yield node
    if isinstance(node, Combine):
        for child in node.children:
            yield from _nodes(child)


def _combination(node: Combine) -> str:
    if not node.children:
        return "no conditions"
    which = "all" if node.every else "any"
    if node.expects:
        return f"{which}:"
    return "not all:" if node.every else "none:"


def _as_stored(leaf: Leaf) -> str:
    value = ", ".join(leaf.value) if isinstance(leaf.value, tuple) else leaf.value
    text = f"{leaf.family}: {leaf.attribute} {leaf.operator} {value}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
