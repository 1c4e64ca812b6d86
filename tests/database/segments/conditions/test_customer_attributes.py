"""Who is matched by conditions on the account, and what each operator means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf, some

FAMILY = "customer_attributes"


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def born(sales: SalesBuilder, day: str) -> int:
    return sales.shop.customer(values={"dob": datetime.fromisoformat(day)})


def registered(sales: SalesBuilder, when: str) -> int:
    customer_id = sales.shop.customer()
    customer = sales.shop.tables.customer
    sales.shop.change(customer, {"entity_id": customer_id}, created_at=at(when))
    return customer_id


@pytest.mark.both_engines
@for_each(
    ("operator", "value", "matched"),
    [
        ("==", "ANNA", {"Anna"}),
        ("", "Anna", {"Anna"}),
        ("=", "Anna", {"Anna"}),
        ("!=", "anna", {"Bob", "O'B"}),
        ("{}", "NN", {"Anna"}),
        ("{}", "", {"Anna", "Bob", "O'B"}),
        ("{}", "%", set()),
        ("!{}", "n_a", {"Anna", "Bob", "O'B"}),
        ("()", "bob , O'B,", {"Bob", "O'B"}),
        ("()", ["Bob"], {"Bob"}),
        ("==", ["Anna", "Bob"], {"Anna", "Bob"}),
        ("!()", "Bob", {"Anna", "O'B"}),
        (">=", "B", {"Bob", "O'B"}),
        ("<", "B", {"Anna"}),
    ],
)
def test_text(sales: SalesBuilder, operator: str, value: object, matched: set[str]) -> None:
    names = {sales.shop.customer(firstname=name): name for name in ("Anna", "Bob", "O'B")}
    sales.shop.customer(firstname=None)

    found = sales.who(FAMILY, "firstname", operator, value)

    assert {names[id] for id in found & names.keys()} == matched


@pytest.mark.both_engines
@for_each(
    ("operator", "value", "matched"),
    [
        ("==", "2026-01-02", {"2026-01-02 00:00:00", "2026-01-02 23:59:59"}),
        ("==", "2026-01-02 10:00:00", {"2026-01-02 00:00:00", "2026-01-02 23:59:59"}),
        ("!=", "2026-01-02", {"2026-01-01 23:59:59", "2026-01-03 00:00:00"}),
        ("<=", "2026-01-01", {"2026-01-01 23:59:59"}),
        ("<", "2026-01-02", {"2026-01-01 23:59:59"}),
        (">", "2026-01-02", {"2026-01-03 00:00:00"}),
        (">=", "2026-01-03", {"2026-01-03 00:00:00"}),
        ("()", "2026-01-01,2026-01-03", {"2026-01-01 23:59:59", "2026-01-03 00:00:00"}),
    ],
)
def test_a_date_is_its_whole_day(
    sales: SalesBuilder, operator: str, value: str, matched: set[str]
) -> None:
    whens = ["2026-01-01 23:59:59", "2026-01-02 00:00:00", "2026-01-02 23:59:59"]
    ids = {registered(sales, when): when for when in [*whens, "2026-01-03 00:00:00"]}

    found = sales.who(FAMILY, "created_at", operator, value)

    assert {ids[id] for id in found & ids.keys()} == matched


def test_days_since_registration_are_calendar_days(sales: SalesBuilder) -> None:
    ada = registered(sales, "2026-03-09 23:59:59")
    bob = registered(sales, "2026-03-10 00:00:00")
    sales.shop.now = at("2026-03-10 00:01:00")

    assert sales.who(FAMILY, "days_since_registration", "==", "1") == {ada}
    assert sales.who(FAMILY, "days_since_registration", "<", "0.5") == {bob}


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("birth", "today", "days"),
    [
        ("1990-03-15", "2028-03-15", 0),  # 365 in Maho
        ("1992-03-15", "2027-03-16", 365),  # -1 in Maho
        ("1992-03-15", "2027-03-15", 0),
        ("1990-01-01", "2027-12-31", 1),
        ("1990-12-31", "2028-12-30", 1),
        ("1990-03-01", "2028-02-28", 2),
        ("1990-03-01", "2027-02-28", 1),
        ("1996-02-29", "2028-02-28", 1),
        ("1996-02-29", "2028-02-29", 0),
        ("1996-02-29", "2027-02-28", 0),
        ("1996-02-29", "2027-03-01", 365),  # to 29 February 2028
        ("1996-02-29", "2028-03-01", 364),  # to 28 February 2029
        ("2030-05-01", "2027-04-30", 1),
    ],
)
def test_days_until_birthday(sales: SalesBuilder, birth: str, today: str, days: int) -> None:
    ada = born(sales, birth)
    sales.shop.customer()
    sales.shop.now = at(f"{today} 23:59:59")

    assert sales.who(FAMILY, "days_until_birthday", "==", str(days)) == {ada}
    assert sales.who(FAMILY, "days_until_birthday", ">=", "0") == {ada}
    assert sales.who(FAMILY, "days_until_birthday", "<", str(days)) == set()


def test_every_birthday_comes_once_a_year(sales: SalesBuilder) -> None:
    everybody = {born(sales, day) for day in ("1992-02-28", "1992-02-29", "1992-03-01")}
    seen: list[int] = []

    for start in (at("2027-02-27"), at("2028-02-27")):
        for days in range(5):
            sales.shop.now = start + timedelta(days=days)
            seen += sales.who(FAMILY, "days_until_birthday", "==", "0")

    assert sorted(seen) == sorted([*everybody, *everybody])


def test_a_choice_is_a_number_and_an_empty_one_chooses_nobody(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(group_id=1), sales.shop.customer(group_id=2)

    assert sales.who(FAMILY, "group_id", "==", ["1", "3"]) == {ada}
    assert sales.who(FAMILY, "group_id", "!()", "1") == {bob}
    assert sales.who(FAMILY, "group_id", "==", "") == set()
    assert sales.who(FAMILY, "group_id", "!=", "") == {ada, bob}


def test_a_negation_is_right_for_who_has_no_store(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    sales.shop.change(sales.shop.tables.customer, {"entity_id": bob}, store_id=None)

    first = leaf(FAMILY, "store_id", "==", "1")

    assert sales.who(FAMILY, "store_id", "!=", "2") == {ada}
    assert sales.matching(every(first, expects=False)) == {bob}
    assert sales.matching(some(first, expects=False)) == {bob}


@for_each(
    ("attribute", "operator", "value", "fault"),
    [
        ("shoe_size", "==", "1", "attribute of condition 1 .* is unknown"),
        ("lifetime_sales", ">", "5", "is unknown"),
        ("email", "[]", "a", r"operator '\[\]' of condition 1 .* is unknown; it can be =="),
        ("email", "IS NOT", "NULL", "operator 'IS NOT'"),
        ("email", ">=", ["a", "b"], "takes one value"),
        ("group_id", "==", "x", "The value 'x' of condition 1 .* is not a number"),
        ("group_id", "{}", "1", "works on text only"),
        ("group_id", ">=", "", "The value '' .* is not a number"),
        ("days_since_registration", "==", "1,5", "is not a number"),
        ("days_since_registration", "()", "1,", "The value '' .* is not a number"),
        ("days_since_registration", "==", None, "is not a number"),
        ("days_since_registration", "==", "١", "is not a number"),
        ("created_at", "==", "7 days ago", "is not a date; write it as 2026-12-31"),
        ("created_at", "==", "2026-02-30", "is not a date"),
        ("created_at", "==", "9999-12-31", "is not a date"),
        ("created_at", ">=", None, "is not a date"),
    ],
)
def test_what_means_nothing_is_refused(
    sales: SalesBuilder, attribute: str, operator: str, value: object, fault: str
) -> None:
    with pytest.raises(ConditionError, match=fault):
        sales.who(FAMILY, attribute, operator, value)


def test_every_fault_is_named_at_once(sales: SalesBuilder) -> None:
    tree = every(leaf(FAMILY, "x", "==", "1", "1"), leaf("nosuch", "y", "==", "1", "2"))

    with pytest.raises(ConditionError) as error:
        sales.matching(tree)

    assert [fault.what for fault in error.value.faults] == [
        "The attribute of condition 1 (customer_attributes/x) is unknown.",
        "The type of condition 2 (nosuch/y) is unknown to segmail.",
    ]
    assert error.value.exit_code == 78


def test_a_missing_attribute_is_refused(sales: SalesBuilder) -> None:
    attribute = sales.shop.tables.attribute
    sales.shop.database.transact(
        lambda c: c.execute(attribute.delete().where(attribute.c.attribute_code == "dob"))
    )

    with pytest.raises(ConditionError, match="needs the customer attribute 'dob'"):
        sales.who(FAMILY, "days_until_birthday", "==", "0")
