"""Who is matched by conditions on the address book."""

from __future__ import annotations

from typing import Any

import pytest

from segmail.errors import ConditionError
from tests.each_case import for_each
from tests.sales_builder import SalesBuilder, every, leaf

FAMILY = "customer_address"
ATTRIBUTES = {
    "city": (21, "varchar"),
    "street": (22, "text"),
    "country_id": (23, "varchar"),
    "region": (24, "varchar"),
    "region_id": (25, "int"),
    "postcode": (26, "varchar"),
}


@pytest.fixture(autouse=True)
def _attributes(sales: SalesBuilder) -> None:
    tables = sales.shop.tables
    kind = {"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}
    sales.shop.insert_all(tables.entity_type, [kind])
    sales.shop.insert_all(
        tables.attribute,
        [
            {"attribute_id": id, "entity_type_id": 2, "attribute_code": code, "backend_type": type_}
            for code, (id, type_) in ATTRIBUTES.items()
        ],
    )
    region = {"region_id": 7, "country_id": "IT", "code": "LAZ", "default_name": "Lazio"}
    sales.shop.insert_all(
        sales.sales.region, [region, {**region, "region_id": 8, "default_name": "Umbria"}]
    )


def address(sales: SalesBuilder, customer_id: int | None, **values: Any) -> None:
    address_id = sales.shop.insert(sales.sales.address, parent_id=customer_id)
    for code, value in values.items():
        attribute_id, type_ = ATTRIBUTES[code]
        sales.shop.insert(
            sales.sales.address_values[type_],
            attribute_id=attribute_id,
            entity_id=address_id,
            value=value,
        )


def test_one_address_of_several_is_enough(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    address(sales, ada, city="Roma", street="Via Po 1\nScala B")
    address(sales, ada, city="Torino")
    address(sales, bob, city="Torino")

    assert sales.who(FAMILY, "city", "==", "roma") == {ada}
    assert sales.who(FAMILY, "city", "!=", "Roma") == {ada, bob}
    assert sales.who(FAMILY, "street", "{}", "scala") == {ada}


def test_a_postcode_is_text(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    address(sales, ada, postcode="00123")
    address(sales, bob, postcode="123")

    assert sales.who(FAMILY, "postcode", "==", "00123") == {ada}


def test_an_address_of_nobody_does_not_undo_a_negation(sales: SalesBuilder) -> None:
    ada, bob = sales.shop.customer(), sales.shop.customer()
    address(sales, ada, city="Roma")
    address(sales, None, city="Roma")

    assert sales.matching(every(leaf(FAMILY, "city", "==", "Roma"), expects=False)) == {bob}


@for_each(
    ("operator", "value", "matched"),
    [
        ("==", "7", "ada"),
        ("==", "Lazio", "ada text"),
        ("{}", "azi", "ada text"),
        ("!=", "7", "bob"),
        ("!=", "Lazio", "bob"),
        ("()", "7,8", "ada bob"),
        ("()", "Lazio,Umbria", "ada bob text"),
        ("!()", "8", "ada"),
        ("==", "99", ""),
    ],
)
def test_a_region_is_chosen_by_its_id_or_its_name(
    sales: SalesBuilder, operator: str, value: str, matched: str
) -> None:
    ids = {name: sales.shop.customer() for name in ("ada", "bob", "text", "none")}
    address(sales, ids["ada"], region_id=7)
    address(sales, ids["bob"], region_id=8)
    address(sales, ids["text"], region="Lazio")
    address(sales, ids["none"], country_id="IT")

    found = sales.who(FAMILY, "region", operator, value) & {*ids.values()}

    assert found == {ids[one] for one in matched.split()}


@for_each(
    ("attribute", "fault"), [("nosuch", "is unknown"), ("company", "address attribute 'company'")]
)
def test_an_attribute_that_is_missing_is_refused(
    sales: SalesBuilder, attribute: str, fault: str
) -> None:
    with pytest.raises(ConditionError, match=fault):
        sales.who(FAMILY, attribute, "==", "x")
