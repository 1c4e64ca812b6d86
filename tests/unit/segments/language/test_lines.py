"""One condition as one line, and back."""

from __future__ import annotations

import inspect

import pytest

from segmail.errors import ConditionError
from segmail.segments.conditions.compile import FAMILIES as COMPILED
from segmail.segments.conditions.tree import Leaf
from segmail.segments.conditions.unknown_to_maho import OWN_ATTRIBUTES
from segmail.segments.language.labels import BY_TYPE, FAMILIES
from segmail.segments.language.line import read_line, write_line
from tests.each_case import for_each

_TABLES = ("_COLUMNS", "_SPECIAL", "_TOTALS", "_RULES", "_VALUES", "_SINCE", "_TEXTS", "_DAYS")

LINES = [
    ("cart", "active = yes", ("cart_attributes", "is_active", "==", "1")),
    ("cart", "minutes since updated >= 60",
     ("cart_attributes", "minutes_since_updated", ">=", "60")),
    ("newsletter", "status != not active", ("customer_newsletter", "subscriber_status", "!=", "2")),
    ("newsletter", 'status = "not active"',
     ("customer_newsletter", "subscriber_status", "==", "not active")),
    ("newsletter", "status is one of subscribed, 7",
     ("customer_newsletter", "subscriber_status", "()", "1,7")),
    ("customer", "email does not contain @example.",
     ("customer_attributes", "email", "!{}", "@example.")),
    ("customer", 'last name = ""', ("customer_attributes", "lastname", "==", "")),
    ("customer", 'last name contains " x\\n"', ("customer_attributes", "lastname", "{}", " x\n")),
    ("address", 'city is not one of "a, b", c', ("customer_address", "city", "!()", ("a, b", "c"))),
    ("order item", "product_color = 12", ("order_items", "product_color", "==", "12")),
    ("viewed", "days since viewed category <= 4:30",
     ("product_viewed", "days_since_viewed_category", "<=", "4:30")),
    ("review", "rating >= 4", ("review", "rating", ">=", "4")),
    ("today", "month is one of november, december", ("today", "month", "()", "11,12")),
    ("today", "weekday != sunday", ("today", "weekday", "!=", "7")),
    ("today", "date between 12-20 and 01-06", ("today", "date", "==", "12-20:01-06")),
    ("today", "date not between 11-20 and 12-24", ("today", "date", "!=", "11-20:12-24")),
    ("list", "customer id is one of 9, 11", ("list", "customer_id", "()", "9,11")),
]  # fmt: skip


@for_each(("name", "line", "leaf"), LINES, ids=[line for _, line, _ in LINES])
def test_a_line_is_a_condition_and_back(
    name: str, line: str, leaf: tuple[str, str, str, str]
) -> None:
    known = Leaf(*leaf, path="1")

    assert read_line(name, line, "1") == known
    assert write_line(known) == (name, line)


@for_each(
    "line", ["Active=YES", "  active   =  yes ", "active = 1", 'active = "1"', "ACTIVE = Yes"]
)
def test_spaces_and_case_do_not_matter(line: str) -> None:
    assert read_line("cart", line, "1") == Leaf("cart_attributes", "is_active", "==", "1", "1")


def test_words_may_stand_on_two_lines() -> None:
    leaf = read_line("list", "customer id is not\n  one of 1,\n  2", "1")

    assert (leaf.operator, leaf.value) == ("!()", "1,2")


@for_each(
    ("line", "value"),
    [("month is one of Dec, sept., MAY", "12,9,5"), ("weekday is one of Mon, thurs", "1,4")],
)
def test_three_letters_of_a_month_or_weekday_are_enough(line: str, value: str) -> None:
    assert read_line("today", line, "1").value == value


@for_each(
    ("name", "line", "message"),
    [
        ("carts", "active = yes", "'carts' is no kind of condition; did you mean 'cart'"),
        ("cart", "minutes since update >= 5", "did you mean 'minutes since updated'"),
        ("cart", "active", "has no operator; '=', '!='"),
        ("cart", "active is yes", "has no operator"),
        ("cart", "active =", 'The value is missing; an empty one is written as "".'),
        ("cart", "items count => 5", "'=>' is no operator: write '>='"),
        ("cart", "active == yes", "'==' is no operator: write '='"),
        ("cart", "items count <> 5", "'<>' is no operator: write '!='"),
        ("cart", "items count < = 5", "Write the operator '<=' without a space"),
        ("cart", "coupon code = !x", "begins like an operator"),
        ("today", "month = Dezember", "it can be 1 to 12, or a name"),
        ("today", "weekday is one of mon, Montag", "did you mean 'monday'?"),
        ("cart", 'coupon code = "x', "is no text in double quotes"),
        ("cart", 'coupon code = "x" y', "is no text in double quotes"),
        ("cart", 'coupon code = "\\ud800"', "is no text in double quotes"),
        ("cart", "coupon code is one of a,", "The value is missing"),
        ("cart", 'coupon code is one of "a" b, c', 'The list "a" b, c is wrong'),
        ("cart", "Product_color = 5", "has no attribute"),
        ("order item", "color = 5", "has no attribute"),
    ],
)
def test_a_line_that_means_nothing_is_refused(name: str, line: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        read_line(name, line, "1")

    assert message in str(caught.value)


@for_each(
    "leaf",
    [
        Leaf("customer_shoes", "size", "==", "42", "1"),
        Leaf("cart_attributes", "nosuch", "==", "1", "1"),
        Leaf("order_items", "product_Röte", "==", "1", "1"),
        Leaf("cart_attributes", "is_active", "like", "1", "1"),
        Leaf("cart_attributes", "items_qty", ">", ("1", "2"), "1"),
    ],
)
def test_a_condition_that_segmail_does_not_know_has_no_line(leaf: Leaf) -> None:
    with pytest.raises(ConditionError):
        write_line(leaf)


def test_every_family_has_a_name() -> None:
    assert set(BY_TYPE) == set(COMPILED)


def test_every_attribute_has_one_label() -> None:
    for family in FAMILIES.values():
        assert len(set(family.codes.values())) == len(family.codes)
        for label, code in family.codes.items():
            assert (family.label(code), family.code(label)) == (label, code)


@for_each(("type_", "code"), sorted(OWN_ATTRIBUTES))
def test_segmails_own_attributes_have_labels(type_: str, code: str) -> None:
    assert BY_TYPE[type_][1].label(code) is not None


@for_each("type_", COMPILED)
def test_every_attribute_that_is_compiled_has_a_label(type_: str) -> None:
    module = inspect.getmodule(COMPILED[type_])
    tables = [getattr(module, name, {}) for name in _TABLES]

    assert all(BY_TYPE[type_][1].label(code) for table in tables for code in table)
