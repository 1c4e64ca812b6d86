"""Conditions as Maho stores them, in both encodings."""

from __future__ import annotations

import json

from hypothesis import given

from segmail.segments.conditions.canonical import canonical_tree
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine, Leaf
from segmail.segments.conditions.write import conditions_as_json, conditions_as_php
from tests.each_case import for_each
from tests.recorded_conditions import CASES, Case
from tests.unit.segments.language.trees import TREES

TREE = Combine(
    every=True,
    expects=False,
    children=(Leaf("customer_address", "city", "==", "Forlì", "1"),),
    path="root",
)


@for_each("case", CASES, ids=lambda case: case.name)
def test_what_maho_stored_is_the_same_after_writing(case: Case) -> None:
    tree = read_conditions(case.php)

    assert read_conditions(conditions_as_json(tree)) == tree
    assert read_conditions(conditions_as_php(tree)) == tree


@given(TREES)
def test_every_tree_is_read_as_it_was_written(tree: Combine) -> None:
    assert read_conditions(conditions_as_json(tree)) == tree
    assert read_conditions(conditions_as_php(tree)) == tree


def test_json_looks_as_php_writes_it() -> None:
    assert conditions_as_json(TREE) == (
        r'{"type":"customersegmentation\/segment_condition_combine","attribute":null,'
        r'"operator":null,"value":"0","is_value_processed":null,"aggregator":"all","conditions":['
        r'{"type":"customersegmentation\/segment_condition_customer_address","attribute":"city",'
        r'"operator":"==","value":"Forl\u00ec","is_value_processed":false}]}'
    )


def test_php_counts_bytes() -> None:
    assert conditions_as_php(TREE).endswith(
        's:10:"conditions";a:1:{i:0;a:5:{s:4:"type";s:55:"customersegmentation/segment_condition_'
        'customer_address";s:9:"attribute";s:4:"city";s:8:"operator";s:2:"==";s:5:"value";'
        's:6:"Forlì";s:18:"is_value_processed";b:0;}}}'
    )


def test_a_combination_without_conditions_has_no_such_key() -> None:
    assert "conditions" not in json.loads(conditions_as_json(Combine(True, True, (), "root")))


@for_each(
    ("operator", "value", "meaning"),
    [
        ("", None, ("==", "")),
        ("==", ("1",), ("==", "1")),
        ("==", ("1", " 2"), ("()", "1,2")),
        ("!=", ("1", "2"), ("!()", "1,2")),
        ("()", "1, 2 ,3", ("()", "1,2,3")),
        ("!()", ("a,b", "c"), ("!()", ("a,b", "c"))),
        ("{}", " x ", ("{}", " x ")),
    ],
)
def test_what_means_the_same_has_one_form(
    operator: str, value: str | tuple[str, ...] | None, meaning: tuple[object, object]
) -> None:
    leaf = Leaf("customer_address", "city", operator, value, "1")

    [found] = canonical_tree(Combine(True, True, (leaf,), "root")).children

    assert isinstance(found, Leaf)
    assert (found.operator, found.value) == meaning
