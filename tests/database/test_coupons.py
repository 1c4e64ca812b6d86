"""Coupons in Maho's table: written, refused when a code is taken, found again for a retry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from segmail.coupons import (
    Coupon,
    CouponsRefused,
    EarlierCoupon,
    code_owner,
    expires_at,
    insert_coupons,
    new_code,
    own_unused_coupons,
)
from segmail.maho.rules import load_rules
from segmail.maho.schema.transaction import Transaction
from segmail.maho.storefront.locale import StoreLocale
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

LOCAL_NOW = datetime.fromisoformat("2026-03-10 12:00:00")
LAST_SECOND = datetime.fromisoformat("2026-03-17 23:59:59")


def _coupon(shop: ShopBuilder, rule_id: int, code: str | None = None) -> Coupon:
    return Coupon(code or new_code("CART", 42), rule_id, LAST_SECOND, shop.now)


def _insert(shop: ShopBuilder, *coupons: Coupon) -> None:
    shop.transact(lambda tx: insert_coupons(tx, coupons))


def _inserts(connection: Connection) -> int:
    _, count = connection.execute(text("SHOW SESSION STATUS LIKE 'Com_insert'")).one()
    return int(count)


def _attempt(rule_id: int, code: str, customer_id: int = 42) -> EarlierCoupon:
    return EarlierCoupon(customer_id, rule_id, "CART", f"<b>{code}</b>", LOCAL_NOW)


def _found(shop: ShopBuilder, *attempts: EarlierCoupon) -> dict[int, Coupon]:
    with shop.read() as tx:
        return own_unused_coupons(tx, dict(enumerate(attempts)))


def test_a_coupon_is_written_as_maho_writes_generated_ones(shop: ShopBuilder) -> None:
    rule_id = shop.rule()

    _insert(shop, Coupon("CART42BCDFGHJKMN", rule_id, LAST_SECOND, shop.now))

    row = shop.row(shop.tables.coupon)
    assert {key: value for key, value in row.items() if key != "coupon_id"} == {
        "rule_id": rule_id,
        "code": "CART42BCDFGHJKMN",
        "usage_limit": 1,
        "usage_per_customer": 1,
        "times_used": 0,
        "expiration_date": LAST_SECOND,
        "is_primary": None,
        "created_at": shop.now,
        "type": 1,
    }


def test_many_coupons_of_one_rule_are_written_at_once(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    codes = [new_code("CART", customer_id) for customer_id in range(1, 501)]

    _insert(shop, *(_coupon(shop, rule_id, code) for code in codes))

    stored = [row["code"] for row in shop.rows(shop.tables.coupon)]
    assert [code_owner(code, "CART") for code in stored] == list(range(1, 501))


def test_a_batch_of_coupons_is_one_statement(mariadb_shop: ShopBuilder) -> None:
    shop, rule_id = mariadb_shop, mariadb_shop.rule()
    coupons = [_coupon(shop, rule_id, new_code("CART", id)) for id in range(1, 1001)]

    with shop.database.engine.begin() as connection:
        before = _inserts(connection)
        insert_coupons(Transaction(connection, shop.tables), coupons)
        after = _inserts(connection)

    assert after - before == 1


def test_no_coupons_are_no_statement(shop: ShopBuilder) -> None:
    _insert(shop)

    assert shop.rows(shop.tables.coupon) == []


def test_a_taken_code_writes_nothing_and_new_codes_succeed(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    taken = new_code("CART", 42, draw=lambda _below: 0)
    _insert(shop, _coupon(shop, rule_id, taken))

    with pytest.raises(CouponsRefused, match="taken"):
        _insert(shop, _coupon(shop, rule_id), _coupon(shop, rule_id, taken))
    _insert(shop, _coupon(shop, rule_id), _coupon(shop, rule_id))

    assert len(shop.rows(shop.tables.coupon)) == 3


@pytest.mark.parametrize("twin", ["cart42bcdfghjkmn", "CÁRT42BCDFGHJKMN", "CART42BCDFGHJKMN "])
def test_codes_that_maho_takes_for_equal_are_refused(mariadb_shop: ShopBuilder, twin: str) -> None:
    rule_id = mariadb_shop.rule()
    _insert(mariadb_shop, _coupon(mariadb_shop, rule_id, "CART42BCDFGHJKMN"))

    with pytest.raises(CouponsRefused):
        _insert(mariadb_shop, _coupon(mariadb_shop, rule_id, twin))


def test_a_rule_that_has_gone_is_refused_alike(shop: ShopBuilder) -> None:
    if shop.database.engine.dialect.name == "mysql" and _server_overlooks_foreign_keys(shop):
        pytest.skip("MySQL 9.7 does not check a foreign key beside a NULL in the same unique key")

    with pytest.raises(CouponsRefused, match="rule gone"):
        _insert(shop, _coupon(shop, rule_id=999))


@pytest.mark.parametrize("prefix", ["ts_"])
def test_a_timestamp_column_keeps_the_stores_literal(mariadb_shop: ShopBuilder) -> None:
    """Maho up to 26.3, on a server that is not in UTC."""
    shop, locale = mariadb_shop, StoreLocale("en_US", "Asia/Tokyo", "USD", "USD")
    coupons = shop.tables.coupon.name
    shop.database.transact(
        lambda c: c.execute(text(f"ALTER TABLE {coupons} MODIFY expiration_date TIMESTAMP NULL"))
    )
    rule_id = shop.rule()
    with shop.read() as tx:
        rule = load_rules(tx, [rule_id])[rule_id]

    for days in (7, 4331):  # 4331: 2038-01-17, the last day that is allowed
        expires = expires_at(days, locale, rule, now=shop.now)
        _insert(shop, replace(_coupon(shop, rule_id), expires=expires))

    with shop.database.read() as connection:
        literals = connection.scalars(text(f"SELECT expiration_date FROM {coupons}")).all()
    assert [str(literal) for literal in literals] == ["2026-03-17 23:59:59", "2038-01-17 23:59:59"]


def test_a_retry_finds_the_coupon_that_its_earlier_text_carries(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    coupon = _coupon(shop, rule_id)
    _insert(shop, coupon)

    assert _found(shop, _attempt(rule_id, coupon.code)) == {0: coupon}


def test_each_retry_finds_its_own_coupon(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    codes = {id: new_code("CART", id) for id in (4, 42, 421)}
    _insert(shop, *(_coupon(shop, rule_id, code) for code in codes.values()))

    found = _found(shop, *(_attempt(rule_id, code, id) for id, code in codes.items()))

    assert [coupon.code for coupon in found.values()] == list(codes.values())


def test_a_coupon_of_customer_42_is_never_given_to_customer_4(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    coupon = _coupon(shop, rule_id)
    _insert(shop, coupon)

    assert _found(shop, _attempt(rule_id, coupon.code, customer_id=4)) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"times_used": 1},
        {"type": 0},
        {"expiration_date": LOCAL_NOW - timedelta(seconds=1)},
        {"code": "CART42NMKJHGFDCB"},
    ],
)
def test_a_coupon_that_no_longer_works_is_not_sent_again(
    shop: ShopBuilder, change: dict[str, object]
) -> None:
    rule_id = shop.rule()
    coupon = _coupon(shop, rule_id)
    _insert(shop, coupon)

    shop.change(shop.tables.coupon, {"rule_id": rule_id}, **change)

    assert _found(shop, _attempt(rule_id, coupon.code)) == {}


def test_a_coupon_of_another_rule_is_not_sent_again(shop: ShopBuilder) -> None:
    coupon = _coupon(shop, shop.rule())
    _insert(shop, coupon)

    assert _found(shop, _attempt(shop.rule(), coupon.code)) == {}


def test_the_expiry_that_an_admin_changed_is_the_one_that_counts(shop: ShopBuilder) -> None:
    rule_id, later = shop.rule(), datetime.fromisoformat("2026-03-31 00:00:00")
    coupon = _coupon(shop, rule_id)
    _insert(shop, coupon)

    shop.change(shop.tables.coupon, {"rule_id": rule_id}, expiration_date=later)

    assert _found(shop, _attempt(rule_id, coupon.code)) == {0: replace(coupon, expires=later)}


def _server_overlooks_foreign_keys(shop: ShopBuilder) -> bool:
    statement = (
        f"INSERT INTO {shop.tables.coupon.name} (rule_id, code, created_at) "
        "VALUES (998, 'probe', '2026-01-01')"
    )
    with shop.database.engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
        except IntegrityError:
            return False
        finally:
            connection.rollback()
    return True
