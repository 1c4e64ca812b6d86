"""Adding a step again: scripts that seed a shop."""

from __future__ import annotations

import pytest

from segmail.maho.schema.tables import Layout
from segmail.sequences.add import add_step
from segmail.sequences.wanted_step import StepOptions
from tests.database.sequences.adding import add, faults
from tests.shop_builder import ShopBuilder

both_layouts = pytest.mark.parametrize("layout", list(Layout))


@both_layouts
def test_adding_again_what_is_there_does_nothing(shop: ShopBuilder, vip: int) -> None:
    first = add(shop, delay="1h")

    again = add(shop, delay="60", if_missing=True)
    by_number = add(shop, delay="60", step_number=1, if_missing=True)

    assert first.created
    assert (again.created, by_number.created) == (False, False)
    assert again.step == by_number.step == first.step


def test_adding_what_is_missing_adds_it(shop: ShopBuilder, vip: int) -> None:
    add(shop, delay="1h")

    added = add(shop, delay="2h", step_number=2, if_missing=True)

    assert (added.created, added.step.step_number) == (True, 2)


@both_layouts
def test_another_delay_never_makes_a_second_step(shop: ShopBuilder, vip: int) -> None:
    first = add(shop, delay="7 days")

    [fault] = faults(shop, delay="9 days", if_missing=True)
    updated = add_step(
        shop.shop,
        "VIP",
        StepOptions(template="Welcome", delay="9 days"),
        if_missing=True,
        update=True,
        now=shop.now,
    )

    assert "delay is 7 days, not 9 days" in fault
    assert updated.step.sequence_id == first.step.sequence_id
    assert [row["delay_minutes"] for row in shop.rows(shop.tables.sequence)] == [9 * 1440]


def test_a_step_that_is_there_but_differs_is_refused_with_its_fields(
    shop: ShopBuilder, vip: int
) -> None:
    shop.template(code="Other")
    shop.rule("15% off")
    add(shop, delay="1h")

    [by_number] = faults(shop, template="Other", step_number=1, if_missing=True)
    [by_content] = faults(shop, delay="1h", max_sends=3, coupon="15% off", if_missing=True)

    assert "template is 1, not 2, delay is 1 h, not immediately" in by_number
    assert "max-sends is 1, not 3, coupon is none, not 1" in by_content


def test_of_two_steps_alike_the_one_asked_for_is_there(shop: ShopBuilder, vip: int) -> None:
    add(shop, max_sends=5)
    wanted = add(shop, max_sends=1)

    assert add(shop, if_missing=True).step == wanted.step
