"""Adding steps: what is stored, and which number and trigger a step gets."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event

from segmail.errors import InputError
from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import Trigger
from tests.database.sequences.adding import add, faults
from tests.shop_builder import ShopBuilder

both_layouts = pytest.mark.parametrize("layout", list(Layout))


@both_layouts
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_a_step_is_stored_with_mahos_defaults(shop: ShopBuilder, vip: int) -> None:
    added = add(shop)

    row = shop.row(shop.tables.sequence, sequence_id=added.step.sequence_id)
    assert added.created
    assert (row["segment_id"], row["step_number"], row["delay_minutes"]) == (vip, 1, 0)
    assert (row["is_active"], row["max_sends"], row["generate_coupon"]) == (1, 1, 0)
    assert (row["coupon_sales_rule_id"], row["coupon_prefix"]) == (None, None)
    assert row["created_at"] == row["updated_at"] == shop.now
    assert row.get("trigger_event", "enter") == "enter"


def test_a_step_is_stored_as_asked_for(shop: ShopBuilder, vip: int) -> None:
    template = shop.template("{{var coupon_code}}", code="Last chance")
    rule = shop.rule("15% off")

    add(
        shop,
        template="last chance",
        trigger=Trigger.EXIT,
        step_number=4,
        delay="7 days",
        max_sends=2,
        coupon="15% OFF",
        prefix="save",
        expires_days=3,
        active=False,
    )

    row = shop.row(shop.tables.sequence)
    assert (row["template_id"], row["trigger_event"], row["step_number"]) == (template, "exit", 4)
    assert (row["delay_minutes"], row["max_sends"], row["is_active"]) == (10080, 2, 0)
    assert (row["generate_coupon"], row["coupon_sales_rule_id"]) == (1, rule)
    assert (row["coupon_prefix"], row["coupon_expires_days"]) == ("SAVE", 3)


def test_a_step_comes_last_in_the_sequence_of_its_trigger(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, number=1)
    shop.step(vip, number=5)

    assert add(shop).step.step_number == 6
    assert add(shop, trigger=Trigger.EXIT).step.step_number == 1


def test_after_the_highest_number_there_is_none(shop: ShopBuilder, vip: int) -> None:
    shop.step(vip, number=2_147_483_647)

    [none_left] = faults(shop)
    [taken] = faults(shop, step_number=2_147_483_647)

    assert "No step number comes after 2147483647" in none_left
    assert "exists already (sequence 1); choose another number" in taken


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_in_the_specifications_layout_numbers_are_the_segments(shop: ShopBuilder, vip: int) -> None:
    add(shop)

    assert faults(shop, step_number=1)[0].startswith("VIP:enter:1 exists already")
    assert add(shop).step.step_number == 2


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_in_the_specifications_layout_the_trigger_is_the_segments(shop: ShopBuilder) -> None:
    shop.template(code="Welcome")
    shop.segment("VIP", trigger="exit")

    added = add(shop)
    [fault] = faults(shop, trigger=Trigger.ENTER)

    assert added.step.label == "VIP:exit:1"
    assert "segmail segment automation 1 on --trigger enter" in fault


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_a_segment_without_a_trigger_gets_the_one_asked_for_and_stays_off(
    shop: ShopBuilder,
) -> None:
    shop.template(code="Welcome")
    id = shop.segment("VIP", trigger="none", automation=True)

    by_default = add(shop)
    trigger_before = shop.row(shop.tables.segment, segment_id=id)["auto_email_trigger"]
    asked = add(shop, delay="1h", trigger=Trigger.EXIT)

    row = shop.row(shop.tables.segment, segment_id=id)
    assert (by_default.step.label, trigger_before) == ("VIP:enter:1", "none")
    assert asked.step.label == "VIP:exit:2"
    assert (row["auto_email_trigger"], row["auto_email_active"]) == ("exit", 0)


def test_a_template_that_is_deleted_meanwhile_is_a_plain_error(
    mariadb_shop: ShopBuilder,
) -> None:
    shop = mariadb_shop
    shop.segment("VIP")
    id = shop.template(code="Welcome")
    rival = Database(shop.url)

    def delete_template(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(f"INSERT INTO {shop.tables.sequence.name}"):
            gone = delete(shop.tables.template).where(shop.tables.template.c.template_id == id)
            rival.transact(lambda c: c.execute(gone))

    event.listen(shop.database.engine, "before_cursor_execute", delete_template)

    with pytest.raises(InputError, match="the template or sales rule was deleted"):
        add(shop)
    rival.close()
