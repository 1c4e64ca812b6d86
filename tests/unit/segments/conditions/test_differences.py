"""What is told about Maho's answer: the same as docs/segments.md, for the right conditions."""

from __future__ import annotations

import json

from segmail.segments.conditions.difference_rules import (
    DAYS,
    LEAVES,
    NEGATED,
    OWN,
    UNUSABLE,
)
from segmail.segments.conditions.differences import differences
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves
from segmail.segments.conditions.unknown_to_maho import OWN_ATTRIBUTES
from tests.each_case import for_each
from tests.program import ROOT
from tests.recorded_conditions import CASES

PAGE = (ROOT / "docs" / "segments.md").read_text("utf-8")
DIFFERENT = json.loads((ROOT / "tests/golden/conditions_different.json").read_text("utf-8"))
IN_DOCS_ONLY = {
    "number-like text (`00123`) on SQLite": "depends on the engine",
    "upper and lower case on SQLite": "depends on the engine",
    "`order_frequency_days` on PostgreSQL": "depends on the engine",
    "customer groups `0`; `,1`": "is the segment's scope, not a condition",
    "`days_until_birthday <= 30`": "is an example of the rows above it",
    "`lifetime_profit < 100`": "is an example of the rows above it",
    "order `days_since_last_order`": "is the same",
}


def _rows() -> set[str]:
    start, end = "## Where segmail differs from Maho", "## Conditions that only segmail has"
    told = PAGE[PAGE.index(f"\n{start}\n") : PAGE.index(f"\n{end}\n")]
    cells = {line.split(" | ")[0].removeprefix("| ") for line in told.splitlines() if "| " in line}
    return cells - {"case", "condition"}


def _sentences(node: ConditionNode, *, unusable: bool = False) -> list[str]:
    paths = {leaf.path for leaf in leaves(node)} if unusable else ()
    return [sentence for _, sentence in differences(node, unusable=paths)]


def _leaf(name: str, operator: str, value: str) -> Leaf:
    family, attribute = name.split("/")
    return Leaf(family, attribute, operator, value, "1")


def test_the_program_tells_what_the_page_does() -> None:
    told = {rule.row for rule in (*LEAVES, *NEGATED, *OWN, DAYS, UNUSABLE)}

    assert told - _rows() == {"Conditions that only segmail has"}
    assert _rows() - told == set(IN_DOCS_ONLY)


@for_each("name", DIFFERENT)
def test_every_recorded_difference_is_told(name: str) -> None:
    [case] = [case for case in CASES if case.name == name]

    assert _sentences(read_conditions(case.json), unusable=DIFFERENT[name]["adds"] is None)


@for_each(("family", "attribute"), sorted(OWN_ATTRIBUTES))
def test_what_only_segmail_has_is_told_in_one_sentence(family: str, attribute: str) -> None:
    [told] = _sentences(Leaf(family, attribute, "==", "1:2?", "1"))

    assert "match" in told


@for_each(
    ("name", "operator", "value", "told"),
    [
        ("customer_star/sign", "like", "leo", "into its SQL"),
        ("customer_clv/lifetime_sales", ">=", "lots", "as 0"),
        ("customer_timebased/days_inactive", ">", "1.5", "cuts the fraction"),
        ("customer_timebased/days_inactive", "()", "1,2", "form offers"),
        ("order_attributes/created_at", "==", "2026-11-01", "the whole day"),
        ("cart_items/updated_at", "<=", "2026-11-01", "end of the day"),
        ("product_viewed/last_viewed_at", ">", "2026-11-01", "end of the day"),
        ("customer_attributes/dob", ">", "7 days ago", "relative date"),
        ("product_wishlist/added_at", ">", "", "as today"),
        ("customer_address/company", "==", "a?b", "question mark"),
        ("customer_address/company", "{}", "100%", "stand for any"),
        ("customer_address/region", "==", "12", "names"),
        ("customer_clv/lifetime_refunds", "<", "5", "who have none"),
        ("customer_timebased/days_without_purchase", "!=", "30", "never bought"),
        ("order_attributes/discount_amount", ">=", "10", "negative"),
        ("order_items/product_color", "==", "3", "orders' state"),
        ("cart_items/product_color", "==", "3", "one text"),
        ("product_viewed/product_name", "==", "Coat", "any store view"),
        ("order_items/product_sku", "==", "", "without a value"),
    ],
)
def test_a_difference_is_told(name: str, operator: str, value: str, told: str) -> None:
    assert told in " ".join(_sentences(_leaf(name, operator, value)))


@for_each(
    ("name", "operator", "value"),
    [
        ("customer_attributes/email", "{}", "work.test"),
        ("customer_attributes/created_at", "<=", "2026-11-01"),
        ("customer_attributes/group_id", "()", "1,2"),
        ("customer_clv/number_of_orders", ">", "1"),
        ("customer_newsletter/subscriber_status", "==", "1"),
        ("customer_timebased/days_since_last_order", "<=", "30"),
        ("customer_address/region", "==", "Bern"),
        ("cart_attributes/updated_at", ">=", "2026-11-01"),
        ("order_items/product_sku", "==", "a_b"),
        ("cart_items/product_sku", "==", "A1"),
        ("product_viewed/product_id", "==", "42"),
    ],
)
def test_where_nothing_differs_nothing_is_told(name: str, operator: str, value: str) -> None:
    assert _sentences(_leaf(name, operator, value)) == []


def test_zero_matters_only_where_it_is_matched() -> None:
    asked = [_leaf("customer_clv/lifetime_refunds", op, "5") for op in ("<", ">")]

    less, more = ("who have none" in " ".join(_sentences(leaf)) for leaf in asked)

    assert (less, more) == (True, False)


@for_each("name", ["customer_address/city", "customer_attributes/group_id"])
@for_each("expects", [True, False])
def test_false_combinations_differ_over_missing_values(name: str, expects: bool) -> None:
    inner = Combine(True, True, (_leaf(name, "==", "5"),), "1")

    told = differences(Combine(True, expects, (inner,), "root"))

    assert [path for path, _ in told] == ([] if expects else ["root"])


def test_an_unusable_condition_is_told_even_where_no_rule_knows_it() -> None:
    unknown = _leaf("order_attributes/nosuch", "==", "1")

    assert _sentences(unknown) == []
    assert _sentences(unknown, unusable=True) == [UNUSABLE.sentence]
