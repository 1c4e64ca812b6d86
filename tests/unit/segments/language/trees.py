"""Random trees of the conditions that segmail knows, in their canonical form."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from segmail.segments.conditions.canonical import canonical_tree
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from segmail.segments.language.labels import FAMILIES

_ATTRIBUTES = [
    (family.type, code) for family in FAMILIES.values() for code in family.codes.values()
]
_OF_THE_SHOP = ("shoe_size", "total_orders", "is_vip", "less_than", "first_name", "a__b", "x_")
_KNOWN = st.sampled_from(
    [
        *_ATTRIBUTES,
        ("order_items", "product_contains_nuts"),
        *(("customer_attributes", code) for code in _OF_THE_SHOP),
    ]
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_WORD = st.sampled_from(
    [
        "12:1",
        "VIP: x:0",
        "11-20:12-24",
        "3 weeks",
        "4:2 days",
        "$5",
        "january",
        "x is more than 3",
        "1",
        "0",
        "subscribed",
        "Yes",
        "42:7",
        "O'B",
        "100%",
        "a?b",
        "a, b",
        '"a"',
        ">= 5",
        "a: b #c",
    ]
)
_ONE = st.builds(
    lambda known, operator, value: Leaf(known[0], known[1], operator, value, ""),
    _KNOWN,
    st.sampled_from(["==", "!=", ">=", "<=", ">", "<", "{}", "!{}"]),
    _TEXT | _WORD,
)
_MANY = st.builds(
    lambda known, operator, values: Leaf(known[0], known[1], operator, tuple(values), ""),
    _KNOWN,
    st.sampled_from(["()", "!()"]),
    st.lists(_TEXT | _WORD, min_size=1, max_size=4),
)


def _combines(children: st.SearchStrategy[ConditionNode]) -> st.SearchStrategy[ConditionNode]:
    return st.builds(
        lambda every, expects, nodes: Combine(every, expects, tuple(nodes), ""),
        st.booleans(),
        st.booleans(),
        st.lists(children, max_size=4),
    )


def _numbered(node: ConditionNode, path: str) -> ConditionNode:
    if isinstance(node, Leaf):
        return replace(node, path=path)
    prefix = "" if path == "root" else f"{path}."
    children = enumerate(node.children, start=1)
    return replace(
        node,
        path=path,
        children=tuple(_numbered(child, f"{prefix}{position}") for position, child in children),
    )


def _root(node: ConditionNode) -> Combine:
    whole = node if isinstance(node, Combine) else Combine(True, True, (node,), "")
    numbered = _numbered(whole, "root")
    assert isinstance(numbered, Combine)
    return canonical_tree(numbered)


TREES: st.SearchStrategy[Combine] = st.recursive(_ONE | _MANY, _combines, max_leaves=12).map(_root)
