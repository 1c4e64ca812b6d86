"""Coupons of steps: made with the mail, never without it, and valid where its links lead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Table, delete

from segmail.coupons import codes
from segmail.delivery.assemble import Share, Work, open_run
from segmail.delivery.first_look import look_for_due, sending, steps_of
from segmail.delivery.job import Options
from segmail.delivery.rows.outcome import Status
from segmail.transport.settings import mail_settings
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


Change = Callable[[ShopBuilder, int, int], None]  # to a rule or a customer


def _change(**columns: object) -> Change:
    return lambda shop, rule, _: shop.change(shop.tables.rule, {"rule_id": rule}, **columns)


def _remove(name: str) -> Change:
    def removed(shop: ShopBuilder, rule: int, _: int) -> None:
        table: Table = getattr(shop.tables, name)
        where = delete(table).where(table.c.rule_id == rule)
        shop.transact(lambda tx: tx.connection.execute(where))

    return removed


def _other_group(shop: ShopBuilder, _: int, customer: int) -> None:
    shop.change(shop.tables.customer, {"entity_id": customer}, group_id=0)


def _use(shop: ShopBuilder, rule: int, customer: int) -> None:
    shop.insert(shop.tables.rule_customer, rule_id=rule, customer_id=customer, times_used=1)


ENDS: dict[str, Change] = {
    "is not active": _change(is_active=0),
    "is not of the coupon type 'Specific Coupon'": _change(coupon_type=1),
    "has 'Use Auto Generation' switched off": _change(use_auto_generation=0),
    "ended on 2026-03-09": _change(to_date=date(2026, 3, 9)),
    "starts on 2026-03-11": _change(from_date=date(2026, 3, 11)),
    "is not valid in website 1": _remove("rule_website"),
    "is not valid for customer group 1": _remove("rule_group"),
    "is not valid for customer group 0": _other_group,
    "was used 1 of 1 times by this customer": _use,
    "The sales rule of the coupon does not exist": _remove("rule"),
    "": lambda _shop, _rule, _customer: None,
}


def test_a_rule_that_ends_between_claim_and_mail_fails_the_step_with_the_same_reason(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    made = {reason: (shop.rule(uses_per_customer=1), shop.customer()) for reason in ENDS}
    rows = {
        reason: shop.due(coupon_step(shop, rule), customer)
        for reason, (rule, customer) in made.items()
    }

    def end() -> None:
        for reason, (rule, customer) in made.items():
            ENDS[reason](shop, rule, customer)

    found = _held_up(shop, run_emails, end)

    assert set(found) == {row for reason, row in rows.items() if reason}
    for reason, row in rows.items():
        if reason:
            status, told = found[row]
            assert (status, shop.status(row)) == (Status.FAILED, "failed")
            assert reason in told
    assert len(shop.rows(shop.tables.problem)) == len(ENDS) - 1


def test_a_mail_is_composed_again_if_a_coupon_of_an_earlier_step_ends_before_it_leaves(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rule, customer, segment = shop.rule(), shop.customer(), shop.segment()
    first = shop.step(segment, shop.template(TEXT), rule_id=rule, coupon_prefix="WB")
    reminder = shop.template("Your code: [{{var coupon_code}}]")
    shop.due(first, customer)
    run_emails()
    row = shop.due(shop.step(segment, reminder, number=2), customer)
    code = shop.row(shop.tables.coupon)["code"]

    found = _held_up(
        shop, run_emails, lambda: shop.change(shop.tables.rule, {"rule_id": rule}, is_active=0)
    )
    [mail] = run_emails().mails

    status, told = found[row]
    assert status is Status.RELEASED
    assert told == f'it would show a coupon that ended: Sales rule {rule} "15% off" is not active.'
    assert (code in shown(mail), "Your code: []" in shown(mail)) == (False, True)


def _held_up(
    shop: ShopBuilder, run_emails: Runner, meanwhile: Callable[[], object]
) -> dict[int, tuple[Status, str]]:
    """Claim and record all due rows, and look again after something happened; settle what ended."""
    job, options = run_emails.job(), Options(limit=0)
    due = look_for_due(job, options, sending(steps_of(job, options)))
    transport = mail_settings(job.settings, job.config, None)
    with open_run(Work.load(job, options, due, transport), Share()) as run:
        plan = run.batches.planner.plan(
            run.batches.claimer.claim(now=shop.now, limit=50), now=shop.now
        )
        attempts, _ = run.batches.recorder.record(
            plan.prepared,
            now=shop.now,
            before_commit=lambda _: None,
            admit=partial(plan.timetable.admit, now=shop.now),
        )
        assert len(attempts) == len(shop.rows(shop.tables.progress, status="scheduled"))
        meanwhile()
        forbidden, _ = run.recheck.forbidden(attempts, now=shop.now)
        run.settler.settle(list(forbidden.values()), now=shop.now)
    return {it.row.progress_id: (it.status, it.reason) for it in forbidden.values()}


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
