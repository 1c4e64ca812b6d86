"""Compares the compiler with a plain evaluation, for random trees over a mixed shop."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from tests.database.segments.mixed_shop import SKUS, TEXTS, fill
from tests.database.segments.second_opinion import FACTS, SecondOpinion
from tests.sales_builder import SalesBuilder
from tests.thorough import by_far

pytestmark = pytest.mark.both_engines

VALUES = {
    "text": (*filter(None, TEXTS), *SKUS, "a", "0", "%", "_", "'", "ada", "complete", "Cosa"),
    "number": ("0", "1", "2", "3", "10.1", "30", "30.3", "90", "100", "-1", "999.99"),
    "date": ("2026-03-10", "2026-03-09", "2025-12-09", "2024-02-29"),
}
# The order of texts is the database's own: `_` is after letters on MariaDB, before on SQLite.
OPERATORS = {
    "text": ("==", "!=", "{}", "!{}", "()", "!()"),
    "number": ("==", "!=", ">=", "<=", ">", "<", "()", "!()"),
    "date": ("==", "!=", ">=", "<=", ">", "<"),
}


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    family, attribute = draw(st.sampled_from(sorted(FACTS)))
    kind = FACTS[family, attribute][0]
    operator = draw(st.sampled_from(OPERATORS[kind]))
    values = [v for v in VALUES[kind] if "." not in v or "hours" not in attribute]
    value = st.sampled_from(values)
    if operator in ("()", "!()"):
        return Leaf(family, attribute, operator, tuple(draw(st.lists(value, min_size=1))), "1")
    return Leaf(family, attribute, operator, draw(value), "1")


def combines(children: st.SearchStrategy[ConditionNode]) -> st.SearchStrategy[ConditionNode]:
    nodes = st.lists(children, max_size=4).map(tuple)
    return st.builds(Combine, st.booleans(), st.booleans(), nodes, st.just("1"))


NODES: st.SearchStrategy[ConditionNode] = st.recursive(leaves(), combines, max_leaves=8)
TREES = st.builds(
    Combine, st.booleans(), st.booleans(), st.lists(NODES, max_size=3).map(tuple), st.just("root")
)

# Fewer in bin/test; no more in bin/fuzz, whose own number would take it an hour here.
MANY = min(150, settings().max_examples)


@pytest.mark.hypothesis
def test_random_trees_match_whom_a_plain_evaluation_matches(sales: SalesBuilder) -> None:
    fill(sales)
    second = SecondOpinion(sales)

    @settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(TREES)
    def compare(tree: Combine) -> None:
        assert sales.matching(tree) == second.matching(tree)

    compare()


def test_each_single_condition_matches_whom_a_plain_evaluation_matches(
    sales: SalesBuilder,
) -> None:
    fill(sales)
    second = SecondOpinion(sales)

    single = [
        Leaf(family, attribute, operator, VALUES[kind][1], "1")
        for (family, attribute), (kind, _) in FACTS.items()
        for operator in OPERATORS[kind]
    ]
    for leaf in single[:: by_far(5, 1)]:
        assert sales.matching(leaf) == second.matching(leaf), leaf
