"""Random nesting, negation and aggregators of recorded conditions agree with plain sets.

The sets are the customers that Maho itself matched with each condition alone.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from tests.database.segments.recorded.test_answers import DIFFERENT
from tests.recorded_conditions import CASES, RecordedShop
from tests.thorough import by_far

pytestmark = pytest.mark.both_engines

EVERYBODY = frozenset(
    next(case.customer_ids or () for case in CASES if case.name == "no conditions at all")
)
ALONE: dict[Leaf, frozenset[int]] = {
    leaf: frozenset(case.customer_ids or ())
    for case in CASES
    if case.website_ids == [1] and case.name not in DIFFERENT
    for tree in [read_conditions(case.php)]
    for leaf in tree.children
    if len(tree.children) == 1 and isinstance(leaf, Leaf) and tree.expects
}

NODES: st.SearchStrategy[ConditionNode] = st.recursive(
    st.sampled_from(list(ALONE)),
    lambda inner: st.builds(
        Combine,
        every=st.booleans(),
        expects=st.booleans(),
        children=st.lists(inner, max_size=4).map(tuple),
        path=st.just(""),
    ),
    max_leaves=12,
)

# Fewer in bin/test; no more in bin/fuzz, whose own number would take it an hour here.
MANY = min(200, settings().max_examples)


def evaluate(node: ConditionNode) -> frozenset[int] | None:
    """Return whom a tree matches; None where it says nothing."""
    if isinstance(node, Leaf):
        return ALONE[node]
    found = [ids for ids in map(evaluate, node.children) if ids is not None]
    if not found:
        return None
    joined = frozenset.intersection(*found) if node.every else frozenset.union(*found)
    return joined if node.expects else EVERYBODY - joined


@settings(max_examples=MANY, deadline=None)
@given(node=NODES, expects=st.booleans())
def test_a_random_tree_matches_whom_its_parts_say(
    recorded: RecordedShop, node: ConditionNode, expects: bool
) -> None:
    tree = Combine(every=True, expects=expects, children=(node,), path="root")

    matched = evaluate(tree)

    assert recorded.matching(tree) == sorted(EVERYBODY if matched is None else matched)


@settings(max_examples=by_far(3, 10), deadline=None)
@given(leaf=st.sampled_from(list(ALONE)), expects=st.booleans())
def test_a_tree_of_fifty_levels_is_right(recorded: RecordedShop, leaf: Leaf, expects: bool) -> None:
    tree = Combine(every=True, expects=True, children=(leaf,), path="")
    for level in range(49):
        tree = Combine(level % 2 == 0, expects, (leaf, tree), "")

    assert recorded.matching(tree) == sorted(evaluate(tree) or ())


def test_a_tree_of_many_conditions_is_right(recorded: RecordedShop) -> None:
    parts = tuple(list(ALONE) * 9)[:500]

    everything = Combine(every=False, expects=True, children=parts, path="")

    assert recorded.matching(everything) == sorted(frozenset().union(*ALONE.values()))


def test_every_family_of_maho_is_among_the_parts() -> None:
    assert len({leaf.family for leaf in ALONE}) == 11
