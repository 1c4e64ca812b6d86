"""Sales rules and exchange rates, read from the shop's tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, text

from segmail.maho.rules import Rule, load_rules, rule_fault
from segmail.maho.storefront.locale import load_rates
from tests.shop_builder import ShopBuilder


def _load(shop: ShopBuilder, *rule_ids: int) -> dict[int, Rule]:
    with shop.read() as tx:
        return load_rules(tx, rule_ids)


def test_a_rule_is_read_with_its_websites_and_groups(shop: ShopBuilder) -> None:
    rule_id = shop.rule(
        "Cart 12.5%",
        discount_amount="12.5000",
        description=None,
        from_date=date(2026, 1, 1),
        to_date=date(2026, 12, 31),
        uses_per_customer=3,
    )

    assert _load(shop, rule_id) == {
        rule_id: Rule(
            rule_id=rule_id,
            name="Cart 12.5%",
            description=None,
            is_active=True,
            coupon_type=2,
            use_auto_generation=True,
            uses_per_customer=3,
            from_date=date(2026, 1, 1),
            to_date=date(2026, 12, 31),
            simple_action="by_percent",
            discount_amount=Decimal("12.5"),
            website_ids=frozenset({1}),
            group_ids=frozenset({1}),
        )
    }


def test_rules_that_do_not_exist_are_left_out(shop: ShopBuilder) -> None:
    rule_id = shop.rule()

    assert list(_load(shop, rule_id, 999)) == [rule_id]
    assert _load(shop) == {}


def test_any_number_of_rules_takes_one_statement(shop: ShopBuilder) -> None:
    rule_ids = [shop.rule(f"rule {number}") for number in range(5)]
    statements: list[str] = []
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )

    rules = _load(shop, *rule_ids)

    assert len(rules) == 5
    assert sum("SELECT" in statement for statement in statements) == 1


def test_a_zero_date_is_no_date(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    rule_id = shop.rule()

    def write_zeros(name: str) -> None:
        shop.database.transact(
            lambda c: (
                c.execute(text("SET sql_mode = ''")),
                c.execute(text(f"UPDATE {shop.tables.rule.name} SET {name} = '0000-00-00'")),
            )
        )

    for name in ("from_date", "to_date"):
        write_zeros(name)
        assert _fault(_load(shop, rule_id)[rule_id]) is None


@pytest.mark.parametrize(("limit", "times_used"), [(2, 2), (0, None)])
def test_uses_are_counted_only_where_a_rule_limits_them(
    shop: ShopBuilder, limit: int, times_used: int | None
) -> None:
    rule_id, customer_id = shop.rule(uses_per_customer=limit), shop.customer()
    shop.insert(shop.tables.rule_customer, rule_id=rule_id, customer_id=customer_id, times_used=2)

    with shop.read() as tx:
        rules = load_rules(tx, [rule_id], [customer_id, 999])

    assert rules[rule_id].used.get(customer_id) == times_used


def test_exchange_rates_are_read_by_both_currencies(shop: ShopBuilder) -> None:
    rows = [
        {"currency_from": "EUR", "currency_to": "USD", "rate": Decimal("1.25")},
        {"currency_from": "EUR", "currency_to": "CHF", "rate": Decimal("0.95")},
    ]
    shop.insert_all(shop.tables.currency_rate, rows)

    with shop.read() as tx:
        rates = load_rates(tx)

    assert rates == {("EUR", "USD"): Decimal("1.25"), ("EUR", "CHF"): Decimal("0.95")}


def _fault(rule: Rule) -> str | None:
    return rule_fault(rule, today=date(2026, 3, 10), website_id=1, group_id=1)
