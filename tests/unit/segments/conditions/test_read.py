"""How stored conditions become a tree, and what is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import ConditionError
from segmail.segments.conditions.read import PREFIX, read_conditions
from segmail.segments.conditions.tree import Combine, Leaf, leaves
from tests.each_case import for_each

KEYS = st.sampled_from(["type", "attribute", "operator", "value", "aggregator", "conditions"])
WORDS = st.sampled_from([PREFIX + "combine", PREFIX + "customer_clv", "all", "any", "1", "=="])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
    max_leaves=15,
)


def combine(*children: Any, **changes: Any) -> dict[str, Any]:
    node = {
        "type": PREFIX + "combine",
        "attribute": None,
        "operator": None,
        "value": "1",
        "is_value_processed": None,
        "aggregator": "all",
        "conditions": list(children),
        **changes,
    }
    return {key: value for key, value in node.items() if value != "missing"}


def clv(**changes: Any) -> dict[str, Any]:
    node = {"type": PREFIX + "customer_clv", "attribute": "lifetime_sales", "operator": ">"}
    return {**node, "value": "5", **changes}


def read(data: object) -> Combine:
    return read_conditions(json.dumps(data))


def read_leaf(**changes: Any) -> Leaf:
    return next(leaves(read(combine(clv(**changes)))))


@for_each("stored", [None, "", " ", "[]", "{}", "a:0:{}"])
def test_nothing_stored_is_the_empty_tree(stored: str | None) -> None:
    assert read_conditions(stored) == Combine(True, True, (), "root")


def test_positions_are_counted_in_each_combination() -> None:
    tree = read(combine(clv(), combine(clv(), combine(clv()))))

    assert [leaf.path for leaf in leaves(tree)] == ["1", "2.1", "2.2.1"]


def test_php_keeps_the_order_of_keys_that_are_no_list() -> None:
    php = (
        'a:3:{s:5:"value";b:1;s:10:"aggregator";s:3:"any";s:10:"conditions";a:2:{'
        'i:7;a:2:{s:4:"type";s:1:"x";s:5:"value";i:2;}i:3;a:1:{s:4:"type";s:1:"y";}}}'
    )

    tree = read_conditions(php)

    assert tree.children == (Leaf("x", "", "", "2", "1"), Leaf("y", "", "", None, "2"))
    assert not tree.every


@for_each("value", [True, 1, "1", "0.0", "false", 2.5])
def test_what_php_takes_as_true_expects_true(value: object) -> None:
    assert read(combine(clv(), value=value)).expects


@for_each("value", [False, 0, 0.0, "0", "", None])
def test_what_php_takes_as_false_negates(value: object) -> None:
    assert not read(combine(clv(), value=value)).expects


@for_each(
    ("value", "read_as"),
    [
        ("O'B", "O'B"),
        (5, "5"),
        (1.5, "1.5"),
        (2.0, "2"),
        (True, "1"),
        (False, ""),
        (None, None),
        (["2", 3], ("2", "3")),
        ({"0": "a", "5": "b"}, ("a", "b")),
        ([], ()),
        ("żółw 🐢", "żółw 🐢"),
    ],
)
def test_values(value: object, read_as: object) -> None:
    assert read_leaf(value=value).value == read_as


def test_what_a_condition_lacks_is_empty() -> None:
    [leaf] = leaves(read(combine({"type": PREFIX + "customer_clv"})))

    assert leaf == Leaf("customer_clv", "", "", None, "1")


def test_an_unknown_type_is_kept() -> None:
    assert read_leaf(type="salesrule/rule_condition_address").family == (
        "salesrule/rule_condition_address"
    )


@for_each(
    ("data", "fault"),
    [
        (combine(value="missing"), "The root of the conditions does not say whether"),
        (combine(combine(value="missing")), "Condition 1 does not say whether it must be TRUE"),
        (combine(value=[1]), "neither TRUE nor FALSE"),
        (combine(aggregator="none"), "aggregator 'none'; it can be 'all' or 'any'"),
        (combine(combine(aggregator="missing")), "Condition 1 has the aggregator None"),
        (combine(conditions="x"), "has conditions that are no list"),
        (combine("x"), "Condition 1 is no condition"),
        (combine(clv(), clv(value=[[1]])), "Condition 2 has a list where a text belongs"),
        (combine(clv(attribute=["a"])), "Condition 1 has a list where a text belongs"),
        (combine(clv(value="\ud800")), "Condition 1 has a text that is not Unicode"),
        (clv(), "The root of the conditions is a 'customer_clv', not a combination"),
        ([1], "The root of the conditions is no condition"),
    ],
)
def test_what_is_no_tree_is_refused(data: object, fault: str) -> None:
    with pytest.raises(ConditionError, match=fault):
        read(data)


@for_each("stored", ["{", '{"a":NaN}', "[" * 100_000, '{"a":1}x', "true", "hello"])
def test_what_is_neither_json_nor_php_is_refused(stored: str) -> None:
    with pytest.raises(ConditionError, match="The stored conditions"):
        read_conditions(stored)


def test_depth_and_number_are_bounded() -> None:
    deep = combine(clv())
    for _ in range(51):
        deep = combine(deep)

    with pytest.raises(ConditionError, match="nested more than 50 deep"):
        read(deep)
    with pytest.raises(ConditionError, match="Condition 501 is one too many"):
        read(combine(*[clv()] * 501))


@given(JUNK)
def test_any_json_is_a_tree_or_a_condition_error(data: object) -> None:
    with suppress(ConditionError):
        read(data)


@given(st.text() | st.text(alphabet='aidbsN:;{}"0123456789'))
def test_any_text_is_a_tree_or_a_condition_error(stored: str) -> None:
    with suppress(ConditionError):
        read_conditions(stored)


@given(st.data())
def test_a_damaged_tree_is_a_tree_or_a_condition_error(random: st.DataObject) -> None:
    stored = json.dumps(combine(clv(), combine(clv(value=["a", "b"]), value="0")))
    at = random.draw(st.integers(0, len(stored)))

    with suppress(ConditionError):
        read_conditions(stored[:at] + random.draw(st.text(max_size=3)) + stored[at + 2 :])
