"""Checking every step and every sequence of a shop."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, event

from segmail.maho.tables import Layout
from segmail.sequences.validate import validate
from tests.shop_builder import ShopBuilder


def found(shop: ShopBuilder, segment: str | None = None) -> list[tuple[str, str | None, str]]:
    return [
        (finding.severity.value, finding.step, finding.text)
        for finding in validate(shop.shop, segment, now=shop.now)
    ]


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "maho_"])
def test_sequences_that_are_well_have_no_findings(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    shop.step(vip, number=1)
    shop.step(vip, shop.template("{{var coupon_code}}"), number=2, rule_id=shop.rule())
    shop.segment("Nobody's", automation=False)

    assert found(shop) == []


def test_every_fault_is_found_segment_by_segment(shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    shop.step(vip, number=2, delay_minutes=60, rule_id=shop.rule(is_active=0))
    shop.step(vip, shop.template(subject=""), number=3)
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
    shop.step(shop.segment(), shop.template("{{var coupon_code}}"), rule_id=rule)
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
    shop.step(shop.segment("VIP", is_active=0))

    [(severity, step, text)] = found(shop)

    assert (severity, step) == ("warning", None)
    assert "inactive, so its scheduled rows are held" in text


def test_one_segment_can_be_checked_alone(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"))
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
