"""Checking every step and every sequence of a shop."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, event

from segmail.maho.schema.tables import Layout
from segmail.sequences.validate import validate_steps
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder


def found(shop: ShopBuilder, segment: str | None = None) -> list[tuple[str, str | None, str]]:
    return [
        (finding.severity.value, finding.where.step, str(finding))
        for finding in validate_steps(shop.shop, segment, now=shop.now)
    ]


def good_template(shop: ShopBuilder, text: str = "", *, subject: str = "Hello") -> int:
    return shop.template(text + "{{var subscriber.getUnsubscriptionLink()}}", subject=subject)


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_sequences_that_are_well_have_no_findings(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    shop.step(vip, good_template(shop), number=1)
    shop.step(vip, good_template(shop, "{{var coupon_code}}"), number=2, rule_id=shop.rule())
    shop.segment("Nobody's", automation=False)

    assert found(shop) == []


def test_every_fault_is_found_segment_by_segment(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    good = good_template(shop)
    shop.step(vip, good, number=2, delay_minutes=60, rule_id=shop.rule(is_active=0))
    shop.step(vip, good_template(shop, subject=""), number=3)
    shop.segment("Empty")

    told = found(shop)

    assert [(severity, step) for severity, step, _ in told] == [
        ("error", "VIP:enter:2"),
        ("warning", "VIP:enter:2"),
        ("warning", "VIP:enter:2"),
        ("error", "VIP:enter:3"),
        ("warning", "VIP:enter:3"),
        ("error", None),
    ]
    assert "is not active" in told[0][2]
    assert "has no subject" in told[3][2]
    assert "The automation of 'Empty' is on, but it has no active step" in told[5][2]


def test_a_coupon_whose_rule_was_deleted_is_an_error(shop: ShopBuilder) -> None:
    rule = shop.rule()
    shop.step(shop.segment(), good_template(shop, "{{var coupon_code}}"), rule_id=rule)
    shop.database.transact(
        lambda c: c.execute(delete(shop.tables.rule).where(shop.tables.rule.c.rule_id == rule))
    )

    [(severity, _, text)] = found(shop)

    assert severity == "error"
    assert "sales rule" in text


def test_an_inactive_step_has_warnings_only(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP", automation=False)
    shop.step(vip, is_active=0, rule_id=shop.rule(is_active=0))

    assert {severity for severity, _, _ in found(shop)} == {"warning"}


def test_an_automation_of_an_inactive_segment_is_odd(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP", is_active=0), good_template(shop))

    [(severity, step, text)] = found(shop)

    assert (severity, step) == ("warning", None)
    assert "inactive, so its scheduled rows are held" in text


def test_one_segment_can_be_checked_alone(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"), good_template(shop))
    shop.segment("Empty")

    assert found(shop, "VIP") == []
    assert len(found(shop, "empty")) == 1


def test_more_steps_take_no_more_statements(shop: ShopBuilder) -> None:
    statements: list[str] = []
    event.listen(
        shop.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )

    def count() -> int:
        statements.clear()
        found(shop)
        return len(statements)

    shop.step(shop.segment("One"), rule_id=shop.rule())
    few = count()
    for number in range(2, 6):
        shop.step(shop.segment(f"Segment {number}"), rule_id=shop.rule())

    assert count() == few


def test_templates_are_linted_and_only_what_stops_mails_is_an_error(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"), good_template(shop, "Dear {{var customer}},\n{{var nobody}}"))

    told = found(shop)

    assert [(severity, step) for severity, step, _ in told] == [
        ("error", "VIP:enter:1"),
        ("warning", "VIP:enter:1"),
    ]
    assert ", line 1: {{var customer}} prints a whole object" in told[0][2]
    assert ", line 2: There is no variable 'nobody'" in told[1][2]


def test_a_coupon_that_nobody_makes_is_told_once(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"), good_template(shop, "{{var coupon_code}}"))

    [(severity, _, text)] = found(shop)

    assert severity == "warning"
    assert "shows {{var coupon_code}}, but the step makes no coupon (line 1)" in text


def test_a_step_may_show_the_coupon_of_an_earlier_one(shop: ShopBuilder) -> None:
    segment, template = shop.segment("VIP"), good_template(shop, "{{var coupon_code}}")
    lends = shop.step(segment, template, rule_id=shop.rule())
    shop.step(segment, template, number=2, delay_minutes=1440)

    assert found(shop) == []

    shop.change(shop.tables.sequence, {"sequence_id": lends}, is_active=0)
    assert "the step makes no coupon" in " ".join(text for _, _, text in found(shop))


@pytest.mark.parametrize("engine_name", ["sqlite"])  # elsewhere tests leave these tables behind
def test_what_the_shop_has_no_table_for_is_told_beforehand(shop: ShopBuilder) -> None:
    text = "{{var products.getWishlistHtml(4)}}{{if cart}}{{var cart.getItemsHtml(1)}}{{/if}}"
    shop.step(shop.segment("VIP"), good_template(shop, text))

    told = found(shop)
    SalesBuilder(shop)

    assert [(severity, step) for severity, step, _ in told] == [("warning", "VIP:enter:1")] * 2
    assert "shows cart, but segmail finds no table sales_flat_quote and " in told[0][2]
    assert "shows products.getWishlist…, but segmail finds no table wishlist and " in told[1][2]
    [(_, _, left)] = found(shop)
    assert "finds no table sales_flat_quote_address in the shop" in left
