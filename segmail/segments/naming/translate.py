"""Translates trees of conditions between names, as in files, and ids, as Maho stores them."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from segmail.errors import ConditionError
from segmail.segments.conditions.canonical import canonical_leaf, listed
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.naming.mentioned import BY_NAME, Reference, reference_of

_BY_ID = {id: name for name, id in BY_NAME.items()}
_TEXTUAL = ("{}", "!{}")  # operators on a part of a text, which is no name


class Naming(Protocol):
    """Translates between names and ids."""

    def id(self, reference: Reference, name: str, leaf: Leaf) -> str:
        """Return the stored value for a name; raise ConditionError if the name means nothing."""

    def name(self, reference: Reference, id: str) -> str | None:
        """Return the name that means this id and no other; None if there is none."""


def leaf_with_ids(leaf: Leaf, naming: Naming) -> Leaf:
    """Return a file's condition as it is stored.

    Raises ConditionError for a name that means nothing, or several things.
    """
    reference = reference_of(leaf)
    if reference is None or leaf.attribute in _BY_ID or normal_operator(leaf) in _TEXTUAL:
        return leaf

    def id(value: str) -> str:
        if not reference.is_pair:
            return naming.id(reference, value, leaf)
        name, colon, compared = value.rpartition(":")
        return f"{naming.id(reference, name, leaf)}:{compared}" if colon else value

    stored = _replaced(leaf, [id(value) for value in split_values(leaf)])
    return replace(stored, attribute=BY_NAME.get(leaf.attribute, leaf.attribute))


def leaf_with_names(leaf: Leaf, naming: Naming) -> Leaf:
    """Return a stored condition as a file has it; ids without an unambiguous name stay ids.

    A value that means nothing stays as it is.
    """
    reference = reference_of(leaf)
    if reference is None or leaf.attribute in BY_NAME:
        return leaf
    try:
        if normal_operator(leaf) in _TEXTUAL:
            return leaf
        names = [_name(reference, value, naming) for value in split_values(leaf)]
        known = [name for name in names if name is not None]
        if len(known) < len(names):
            return leaf
        named = _replaced(leaf, known)
    except ConditionError:
        return leaf
    return replace(named, attribute=_BY_ID.get(leaf.attribute, leaf.attribute))


def with_names(tree: Combine, naming: Naming) -> Combine:
    """Return a stored tree as a file has it."""

    def node(one: ConditionNode) -> ConditionNode:
        if isinstance(one, Leaf):
            return leaf_with_names(one, naming)
        return replace(one, children=tuple(node(child) for child in one.children))

    return replace(tree, children=tuple(node(child) for child in tree.children))


def _name(reference: Reference, value: str, naming: Naming) -> str | None:
    if not reference.is_pair:
        return naming.name(reference, value)
    id, colon, compared = value.rpartition(":")
    name = naming.name(reference, id) if colon else None
    return None if name is None else f"{name}:{compared}"


def _replaced(leaf: Leaf, values: list[str]) -> Leaf:
    if normal_operator(leaf) in ("()", "!()") or len(values) != 1:
        return canonical_leaf(replace(leaf, value=listed(tuple(values))))
    return replace(leaf, value=values[0])
