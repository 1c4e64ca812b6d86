"""Attributes that a shop has given to its customers, of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from segmail.errors import ConditionError, ConfigError
from segmail.maho.schema.tables import Layout
from segmail.segments.conditions.unknown_to_maho import needs_segmail
from tests.campaign_files import apply, export
from tests.sales_builder import SalesBuilder, every, leaf
from tests.shop_builder import ShopBuilder

OWN = {
    "shoe_size": (301, "decimal", "text"),
    "loyalty_tier": (302, "int", "select"),
    "interests": (303, "varchar", "multiselect"),
    "is_vip": (304, "int", "boolean"),
    "member_until": (305, "datetime", "date"),
    "notes": (306, "text", "textarea"),
    "points": (307, "int", "text"),
    "total_orders": (308, "int", "text"),  # whose label means another condition
    "secret_token": (309, "varchar", "hidden"),
}


class Own(SalesBuilder):
    """A shop with such attributes."""

    def __init__(self, shop: ShopBuilder) -> None:
        super().__init__(shop)
        shop.insert_all(
            shop.tables.attribute,
            [
                {"attribute_id": id, "entity_type_id": 1, "attribute_code": code,
                 "backend_type": backend, "frontend_input": frontend}
                for code, (id, backend, frontend) in OWN.items()
            ],
        )  # fmt: skip
        self.gold, self.silver = self.choices(302, "Gold", "Silver")
        self.sport, self.music = self.choices(303, "Sport", "Music, live")

    def of(self, attribute: str, operator: str, value: Any) -> set[int]:
        return self.who("customer_attributes", attribute, operator, value)


@pytest.fixture
def own(shop: ShopBuilder) -> Own:
    return Own(shop)


def test_every_kind_of_attribute_is_compared(own: Own, shop: ShopBuilder) -> None:
    ada = shop.customer(
        values={
            "shoe_size": "41.5",
            "loyalty_tier": own.gold,
            "interests": f"{own.sport},{own.music}",
            "is_vip": 1,
            "member_until": datetime(2026, 12, 31, tzinfo=UTC),
            "notes": "Likes tea",
            "points": 1200,
        }
    )
    bob = shop.customer(
        values={"loyalty_tier": own.silver, "interests": f"{own.music}", "is_vip": 0}
    )
    nothing = shop.customer()

    assert own.of("shoe_size", ">", "41") == {ada}
    assert own.of("loyalty_tier", "==", str(own.silver)) == {bob}
    assert own.of("loyalty_tier", "!=", str(own.silver)) == {ada}
    assert own.of("interests", "==", str(own.sport)) == {ada}
    assert own.of("interests", "()", f"{own.sport},{own.music}") == {ada, bob}
    assert own.of("is_vip", "==", "0") == {bob}
    assert own.of("member_until", "<=", "2026-12-31") == {ada}
    assert own.of("notes", "{}", "TEA") == {ada}
    assert own.of("points", ">=", "1200") == {ada}
    has_none = every(leaf("customer_attributes", "is_vip", ">=", "0"), expects=False)
    assert own.matching(has_none) == {nothing}


def test_columns_of_the_account_are_attributes_too(own: Own, shop: ShopBuilder) -> None:
    shop.insert(
        shop.tables.attribute,
        attribute_id=310,
        entity_type_id=1,
        attribute_code="increment_id",
        backend_type="static",
        frontend_input="text",
    )
    ada, _ = shop.customer(), shop.customer()
    shop.change(shop.tables.customer, {"entity_id": ada}, increment_id="A-7")

    assert own.of("increment_id", "==", "a-7") == {ada}
    assert own.of("website_id", "==", "1") == own.matching(every())


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("shoe_sise", "is unknown; did you mean shoe_size?"),
        ("secret_token", "is secret"),
        ("password_hash", "is secret"),
    ],
)
def test_what_cannot_be_compared_is_refused(own: Own, attribute: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        own.of(attribute, "==", "1")


FILE = """\
segments:
  - name: Own
    active: true
    websites: [base]
    customer groups: all
    refresh: segmail
    conditions:
      all:
        - customer: shoe size >= 42
        - customer: loyalty tier is one of Gold, Silver
        - 'customer: interests is not one of "Music, live", Sport'
        - customer: is_vip = yes
        - customer: member until <= 2026-12-31
        - customer: notes contains tea
        - customer: total_orders > 3
"""


@pytest.mark.parametrize("layout", list(Layout))
def test_a_file_calls_them_by_code_and_choices_by_label(own: Own, shop: ShopBuilder) -> None:
    apply(shop, FILE)

    assert export(shop) == FILE.replace("'", "")
    assert {one.outcome for one in apply(shop, export(shop))} == {"unchanged"}
    row = shop.row(shop.tables.segment)
    assert f"{own.gold},{own.silver}" in row["conditions_serialized"]
    assert row["refresh_mode"] == "manual"  # Maho would drop them


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("customer: shoe syze = 42", "'customer' has no attribute 'shoe syze' in this shop; did you"
         " mean 'shoe size'?"),
        ("customer: number of order = 1", "did you mean 'lifetime: number of orders'?"),
        ("customer: emial = a@b.c", "did you mean 'email'?"),
        ("customer: loyalty tier = Bronze", "the choice of 'loyalty_tier' 'Bronze', which is not"
         " there; there are 'Gold', 'Silver'."),
        ("customer: is_vip = maybe", "there are 'yes', 'no'."),
        ("customer: shoe size = big", "'big'"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_with_what_is_meant(
    own: Own, shop: ShopBuilder, line: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        apply(
            shop,
            f"segments:\n- name: Own\n  websites: [base]\n  conditions:\n    all:\n    - {line}",
        )

    [fault] = caught.value.faults
    assert str(fault).startswith("f.yaml:6: ")
    assert message in str(fault)


def test_only_what_mahos_form_offers_is_mahos() -> None:
    assert not needs_segmail(leaf("customer_attributes", "gender", "==", "1"))
    assert needs_segmail(leaf("customer_attributes", "loyalty_tier", "==", "1"))
