"""What `sequence add` refuses and what it warns of: templates, coupons, sales rules."""

from __future__ import annotations

from typing import Any

import pytest

from segmail.findings import Severity
from segmail.sequences.validate import validate_steps
from tests.database.sequences.adding import add, faults
from tests.shop_builder import ShopBuilder


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
    shop.change(shop.tables.segment, {"segment_id": vip}, website_ids="1,2")
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
    shop.template("Save with\n{{var coupon_code}}", code="Save")

    [warning] = add(shop, template="Save").warnings

    assert "shows {{var coupon_code}}, but the step makes no coupon (line 2)" in warning


def test_a_template_that_asks_whether_there_is_a_coupon_needs_none(
    shop: ShopBuilder, vip: int
) -> None:
    shop.template("{{if coupon_code}}{{var coupon_code}}{{/if}}", code="Save")

    assert add(shop, template="Save").warnings == []


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ({"websites": ()}, "is not valid in website 1, so nobody of the segment"),
        ({"groups": ()}, "is not valid in customer group 1, so nobody of the segment"),
    ],
)
def test_a_rule_that_nobody_of_the_segment_may_use_is_told_beforehand(
    shop: ShopBuilder, audience: dict[str, Any], told: str
) -> None:
    segment = shop.segment()
    shop.step(segment, rule_id=shop.rule(**audience))

    [finding] = [one for one in validate_steps(shop.shop, now=shop.now) if told in one.what]

    assert finding.severity is Severity.ERROR


def test_a_discount_that_no_customer_could_get_is_told_beforehand(shop: ShopBuilder) -> None:
    for action, amount in (("by_percent", "150"), ("cart_fixed", "-5"), ("by_fixed", "150")):
        rule = shop.rule(simple_action=action, discount_amount=amount)
        shop.step(shop.segment(), rule_id=rule)

    told = [one.what for one in validate_steps(shop.shop, now=shop.now)]

    [percent, negative] = [what for what in told if "has a discount of" in what]
    assert "150 %, and its mails say so" in percent
    assert "of -5, and its mails say so" in negative


def test_a_rule_that_is_worth_nothing_is_told_beforehand(shop: ShopBuilder) -> None:
    shop.step(shop.segment(), rule_id=shop.rule(discount_amount="0"))
    shop.step(shop.segment(), rule_id=shop.rule(discount_amount="0", simple_free_shipping=1))

    told = [one for one in validate_steps(shop.shop, now=shop.now) if "worth nothing" in one.what]

    assert len(told) == 1
