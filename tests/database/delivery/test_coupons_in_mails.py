"""Coupons of steps: made with the mail, never without it, and valid where its links lead."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from segmail.coupons import codes
from tests.jobs import Runner, shown
from tests.shop_builder import ShopBuilder

TEXT = "{{var coupon_code}} {{var coupon_discount_text}} until {{var coupon_expires_formatted}}"


def coupon_step(shop: ShopBuilder, rule: int) -> int:
    template = shop.template(f"<p>{TEXT}</p>", subject="{{var coupon_discount_text}}")
    return shop.step(
        shop.segment(), template, rule_id=rule, coupon_prefix="WB", coupon_expires_days=7
    )


def test_a_step_with_a_coupon_makes_one_that_maho_accepts(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rule, customer = shop.rule(), shop.customer()
    shop.due(coupon_step(shop, rule), customer)

    [mail] = run_emails().mails

    coupon = shop.row(shop.tables.coupon)
    assert re.fullmatch(rf"WB{customer}[BCDFGHJKMNPQRSTVWXYZ]{{10}}", coupon["code"])
    assert f"<p>{coupon['code']} 15% off until Mar 17, 2026</p>" in shown(mail)
    assert (coupon["rule_id"], coupon["type"], coupon["usage_limit"]) == (rule, 1, 1)
    assert (coupon["usage_per_customer"], coupon["times_used"], coupon["is_primary"]) == (
        1,
        0,
        None,
    )
    assert coupon["expiration_date"] == datetime(2026, 3, 17, 23, 59, 59)  # noqa: DTZ001


def test_money_is_plain_in_the_subject_and_marked_up_in_the_text(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rule = shop.rule(simple_action="by_fixed", discount_amount="10")
    shop.due(coupon_step(shop, rule), shop.customer())

    [mail] = run_emails().mails

    assert mail["Subject"] == "$10.00 off"
    assert '<span class="price">$10.00</span> off' in shown(mail)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"is_active": 0}, "is not active"),
        ({"coupon_type": 1}, "is not of the coupon type 'Specific Coupon'"),
        ({"use_auto_generation": 0}, "has 'Use Auto Generation' switched off"),
        ({"to_date": date(2026, 3, 9)}, "ended on 2026-03-09"),
        ({"from_date": date(2026, 3, 11)}, "starts on 2026-03-11"),
        ({"websites": ()}, "is not valid in website 1"),
        ({"groups": ()}, "is not valid for customer group 1"),
    ],
)
def test_a_rule_that_the_checkout_would_refuse_fails_the_step_with_the_reason(
    shop: ShopBuilder, run_emails: Runner, columns: dict[str, object], reason: str
) -> None:
    rule = shop.rule(**columns)  # type: ignore[arg-type]
    progress = shop.due(coupon_step(shop, rule), shop.customer())

    ran = run_emails()

    problem = shop.row(shop.tables.problem)
    assert (shop.status(progress), ran.mails) == ("failed", [])
    assert problem["problem_error_text"] == f'Sales rule {rule} "15% off" {reason}.'
    assert shop.rows(shop.tables.coupon) == []


def test_a_rule_that_was_deleted_fails_the_step(shop: ShopBuilder, run_emails: Runner) -> None:
    step = coupon_step(shop, shop.rule())
    shop.change(shop.tables.sequence, {"sequence_id": step}, coupon_sales_rule_id=None)
    progress = shop.due(step, shop.customer())

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "failed"
    assert outcome.reason.startswith("The sales rule of the coupon does not exist")


def test_a_code_that_is_taken_is_replaced_by_another(
    shop: ShopBuilder, run_emails: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, customer = shop.rule(), shop.customer()
    shop.insert(
        shop.tables.coupon, rule_id=rule, code=f"WB{customer}BBBBBBBBBB", created_at=shop.now
    )
    shop.due(coupon_step(shop, rule), customer)
    numbers = iter((0, 1))
    monkeypatch.setitem(codes.new_code.__kwdefaults__ or {}, "draw", lambda _below: next(numbers))

    [mail] = run_emails().mails

    assert f"WB{customer}CBBBBBBBBB" in shown(mail)


def test_a_broken_template_leaves_no_coupon_behind(shop: ShopBuilder, run_emails: Runner) -> None:
    template = shop.template("{{var coupon_code}} {{var customer}}")
    shop.due(shop.step(shop.segment(), template, rule_id=shop.rule()), shop.customer())

    run_emails()

    assert shop.rows(shop.tables.coupon) == []


def test_the_coupon_ends_with_its_rule(shop: ShopBuilder, run_emails: Runner) -> None:
    rule = shop.rule(to_date=shop.now.date() + timedelta(days=2))
    shop.due(coupon_step(shop, rule), shop.customer())

    [mail] = run_emails().mails

    assert "until Mar 12, 2026" in shown(mail)


def test_each_customer_gets_a_code_of_their_own(shop: ShopBuilder, run_emails: Runner) -> None:
    step = coupon_step(shop, shop.rule())
    for _ in range(12):
        shop.due(step, shop.customer())

    run_emails()

    owners = [codes.code_owner(row["code"], "WB") for row in shop.rows(shop.tables.coupon)]
    assert owners == [row["entity_id"] for row in shop.rows(shop.tables.customer)]
