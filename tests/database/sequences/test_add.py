"""Adding steps: what is stored, what is refused, what `if_missing` does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event

from segmail.errors import InputError
from segmail.maho.database import Database
from segmail.maho.steps import Trigger
from segmail.maho.tables import Layout
from segmail.sequences.add import Added, add_step
from segmail.sequences.options import StepOptions
from tests.shop_builder import ShopBuilder

both_layouts = pytest.mark.parametrize("layout", list(Layout))


def add(shop: ShopBuilder, *, to: str = "VIP", if_missing: bool = False, **options: Any) -> Added:
    given = StepOptions(**{"template": "Welcome", **options})
    return add_step(shop.shop, to, given, if_missing=if_missing, now=shop.now)


def faults(shop: ShopBuilder, **options: Any) -> list[str]:
    """Add a step that is refused and return the faults; nothing must have been stored."""
    before = shop.rows(shop.tables.sequence)
    with pytest.raises(InputError) as refused:
        add(shop, **options)
    assert shop.rows(shop.tables.sequence) == before
    return str(refused.value).splitlines()


@pytest.fixture
def vip(shop: ShopBuilder) -> int:
    """A segment and the template `Welcome`."""
    shop.template(code="Welcome")
    return shop.segment("VIP", automation=False)


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


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_in_the_specifications_layout_numbers_are_the_segments(shop: ShopBuilder, vip: int) -> None:
    add(shop)

    assert faults(shop, step_number=1)[0].startswith("VIP:enter:1 exists already")
    assert add(shop).step.step_number == 2


def test_all_faults_are_told_at_once(shop: ShopBuilder, vip: int) -> None:
    shop.rule("Old", is_active=0)
    shop.step(vip, number=1)

    told = faults(
        shop, template="Wellcome", delay="soon", coupon="old", prefix="SA VE", step_number=1
    )

    assert len(told) == 5
    assert "no newsletter template 'Wellcome'. Did you mean 'Welcome'" in told[0]
    assert "'soon' is not a delay" in told[1]
    assert "--prefix 'SA VE'" in told[2]
    assert "VIP:enter:1 exists already (sequence 1); the next free number is 2" in told[3]
    assert '"Old" is not active' in told[4]


@pytest.mark.parametrize(
    "options", [{"prefix": "SAVE"}, {"expires_days": 3}, {"prefix": "A", "expires_days": 3}]
)
def test_coupon_settings_need_a_coupon(
    shop: ShopBuilder, vip: int, options: dict[str, Any]
) -> None:
    [fault] = faults(shop, **options)

    assert fault.endswith("only with --coupon RULE.")


@pytest.mark.parametrize("prefix_", ["", "ELEVENCHARS", "A-B", "ÄÖ", "A\n"])
def test_a_prefix_is_what_mahos_form_accepts(shop: ShopBuilder, vip: int, prefix_: str) -> None:
    shop.rule("15% off")

    told = faults(shop, coupon="15% off", prefix=prefix_)

    assert "only letters A-Z and digits, at most 10" in " ".join(told)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"is_active": 0}, "is not active"),
        ({"coupon_type": 1}, "Specific Coupon"),
        ({"use_auto_generation": 0}, "Auto Generation"),
    ],
)
def test_a_rule_must_be_able_to_make_coupons(
    shop: ShopBuilder, vip: int, columns: dict[str, Any], fault: str
) -> None:
    shop.rule("15% off", **columns)

    [told] = faults(shop, coupon="15% off")

    assert fault in told


def test_a_coupon_that_outlives_mahos_column_is_refused(shop: ShopBuilder, vip: int) -> None:
    shop.rule("15% off")

    [told] = faults(shop, coupon="15% off", expires_days=36_500)

    assert "2038" in told


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"template_sender_name": ""}, "has no sender name"),
        ({"template_sender_email": None}, "has no sender e-mail address"),
        ({"template_subject": " "}, "has no subject"),
        ({"template_text": "0"}, "has no text"),
        ({"template_text": "{{var x}}" * 100_000}, "cannot be used"),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_template_must_be_fit_to_be_sent(
    shop: ShopBuilder, vip: int, columns: dict[str, Any], fault: str
) -> None:
    shop.change(shop.tables.template, {"template_code": "Welcome"}, **columns)

    [told] = faults(shop)

    assert 'Newsletter template 1 "Welcome"' in told
    assert fault in told


def test_a_former_version_of_a_template_is_refused(shop: ShopBuilder, vip: int) -> None:
    former = shop.template(code="Former")
    shop.change(shop.tables.template, {"template_id": former}, template_actual=0)

    assert "no newsletter template 'Former'" in faults(shop, template="Former")[0]
    assert "copy of a former version" in faults(shop, template=str(former))[0]


def test_what_is_odd_is_a_warning(shop: ShopBuilder, vip: int) -> None:
    shop.insert(shop.tables.website, website_id=2, code="it", name="Italy")
    shop.rule("15% off", to_date=shop.now.date().replace(day=9))
    shop.step(vip, number=1, delay_minutes=60)

    warnings = add(shop, coupon="15% off").warnings

    assert len(warnings) == 4
    assert "ended on 2026-03-09" in warnings[0]
    assert "not valid in website 2" in warnings[1]
    assert "does not show {{var coupon_code}}" in warnings[2]
    assert "sooner than VIP:enter:1" in warnings[3]


def test_a_rule_needs_only_the_segments_own_websites(shop: ShopBuilder) -> None:
    shop.insert(shop.tables.website, website_id=2, code="it", name="Italy")
    shop.segment("VIP", website_ids="1")
    shop.template("{{var coupon_code}}", code="Welcome")
    shop.rule("15% off", websites=(1,))

    assert add(shop, coupon="15% off").warnings == []


def test_a_template_with_a_coupon_code_needs_a_coupon(shop: ShopBuilder, vip: int) -> None:
    shop.template("{{if coupon_code}}{{var coupon_code}}{{/if}}", code="Save")

    [warning] = add(shop, template="Save").warnings

    assert "the step makes no coupon" in warning


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

    added = add(shop, delay="2h", if_missing=True)

    assert (added.created, added.step.step_number) == (True, 2)


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
