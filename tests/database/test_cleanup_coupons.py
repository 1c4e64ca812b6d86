"""Only coupons that the automation made are deleted, and only once nobody can use them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from segmail.coupons import Coupon, insert_coupons, new_code
from segmail.janitor import count_expired_coupons, delete_expired_coupons
from segmail.janitor.expired_coupons import expired_coupons
from segmail.maho.schema.tables import Layout
from segmail.sequences.edit import edit_step
from segmail.sequences.remove import remove_step
from segmail.sequences.wanted_step import StepOptions
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines


@pytest.fixture
def rule(shop: ShopBuilder) -> int:
    """A rule that a step with the prefix WB makes coupons of."""
    rule_id = shop.rule()
    shop.step(shop.segment(), rule_id=rule_id, coupon_prefix="WB")
    return rule_id


def coupon(shop: ShopBuilder, rule_id: int, code: str, **columns: Any) -> str:
    """Insert a generated coupon that expired 40 days ago unless told otherwise."""
    shop.insert(
        shop.tables.coupon,
        **{
            "rule_id": rule_id,
            "code": code,
            "type": 1,
            "usage_limit": 1,
            "usage_per_customer": 1,
            "created_at": shop.now - timedelta(days=70),
            "expiration_date": days_ago(shop, 40),
            **columns,
        },
    )
    return code


def days_ago(shop: ShopBuilder, days: float) -> datetime:
    return (shop.now - timedelta(days=days)).replace(tzinfo=None)


def clean(shop: ShopBuilder, days: int = 30) -> int:
    return delete_expired_coupons(shop.shop, days=days, now=shop.now)


def codes(shop: ShopBuilder) -> set[str]:
    return {row["code"] for row in shop.rows(shop.tables.coupon)}


@pytest.mark.parametrize("layout", Layout)
def test_unused_coupons_of_segmail_and_of_maho_are_deleted(shop: ShopBuilder, rule: int) -> None:
    coupon(shop, rule, new_code("WB", 42))
    coupon(shop, rule, "WB42A1B2C3")

    assert clean(shop) == 2
    assert codes(shop) == set()


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"times_used": 1}, id="used"),
        pytest.param({"type": 0}, id="typed by hand"),
        pytest.param({"expiration_date": None}, id="never expires"),
    ],
)
def test_coupons_that_are_of_use_stay(
    shop: ShopBuilder, rule: int, columns: dict[str, Any]
) -> None:
    code = coupon(shop, rule, "WB42A1B2C3", **columns)

    assert clean(shop) == 0
    assert codes(shop) == {code}


def test_a_coupon_that_some_customer_used_stays(shop: ShopBuilder, rule: int) -> None:
    code = coupon(shop, rule, "WB42A1B2C3")
    used = shop.row(shop.tables.coupon, code=code)["coupon_id"]
    usage = insert(shop.tables.coupon_usage).values(
        coupon_id=used, customer_id=shop.customer(), times_used=1
    )
    shop.database.transact(lambda c: c.execute(usage))

    assert clean(shop) == count_expired_coupons(shop.shop, days=30, now=shop.now) == 0
    assert codes(shop) == {code}


@pytest.mark.parametrize(
    ("days", "left"),
    [
        pytest.param(31, 0, id="over for the days on every clock"),
        pytest.param(30.4, 1, id="over for the days by UTC, not yet by a clock in the west"),
        pytest.param(29, 1, id="over for fewer days"),
    ],
)
def test_days_are_counted_by_the_slowest_clock(
    shop: ShopBuilder, rule: int, days: float, left: int
) -> None:
    coupon(shop, rule, "WB42A1B2C3", expiration_date=days_ago(shop, days))

    clean(shop)

    assert len(codes(shop)) == left


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("WB7K2P9QXM4T", id="letters and digits with the same prefix"),
        pytest.param("WB-SUMMER-01", id="dashes"),
        pytest.param("SUMMER42A1B2C3", id="another prefix"),
        pytest.param("42A1B2C3", id="no prefix"),
    ],
)
def test_a_batch_that_the_merchant_generated_stays(shop: ShopBuilder, rule: int, code: str) -> None:
    coupon(shop, rule, code)

    assert clean(shop) == 0
    assert codes(shop) == {code}


def test_a_batch_of_digits_is_known_by_ending_with_its_rule(shop: ShopBuilder) -> None:
    last_day = (shop.now - timedelta(days=60)).date()
    rule = shop.rule(to_date=last_day)
    shop.step(shop.segment(), rule_id=rule, coupon_prefix="WB")
    batch = coupon(shop, rule, "WB271828182845", expiration_date=midnight(last_day))
    coupon(shop, rule, "WB42A1B2C3")

    assert clean(shop) == 1
    assert codes(shop) == {batch}


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def test_coupons_of_a_rule_that_no_step_uses_stay(shop: ShopBuilder, rule: int) -> None:
    code = coupon(shop, shop.rule("The merchant's own"), "WB42A1B2C3")

    assert clean(shop) == 0
    assert codes(shop) == {code}


def test_each_step_of_a_rule_has_its_own_prefix(shop: ShopBuilder, rule: int) -> None:
    shop.step(shop.segment(), rule_id=rule, coupon_prefix=None)
    coupon(shop, rule, "WB42A1B2C3")
    coupon(shop, rule, "SEQ42A1B2C3")

    assert clean(shop) == 2


def test_codes_of_a_prefix_that_no_step_has_any_more_are_deleted(shop: ShopBuilder) -> None:
    rule_id = shop.rule()
    sequence = shop.step(shop.segment(), rule_id=rule_id, coupon_prefix="OLD")
    old = Coupon(new_code("OLD", 42), rule_id, days_ago(shop, 40), shop.now, "OLD")
    shop.transact(lambda tx: insert_coupons(tx, [old, _another(old)]))
    merchants = coupon(shop, rule_id, new_code("OTHER", 42))

    edit_step(shop.shop, str(sequence), StepOptions(prefix="NEW"), now=shop.now)
    assert clean(shop) == 2
    coupon(shop, rule_id, new_code("NEW", 42))
    remove_step(shop.shop, str(sequence), confirm=lambda _step: None)

    assert clean(shop) == 1
    assert codes(shop) == {merchants}


def _another(made: Coupon) -> Coupon:
    return replace(made, code=new_code("OLD", 43))


def test_counting_deletes_nothing(shop: ShopBuilder, rule: int) -> None:
    code = coupon(shop, rule, "WB42A1B2C3")

    assert count_expired_coupons(shop.shop, days=30, now=shop.now) == 1
    assert codes(shop) == {code}


def test_many_coupons_are_deleted_in_batches(shop: ShopBuilder, rule: int) -> None:
    template = shop.row(shop.tables.coupon, code=coupon(shop, rule, "WB1A1B2C3"))
    del template["coupon_id"]
    shop.insert_all(
        shop.tables.coupon,
        [{**template, "code": f"{('WB', 'OTHER')[n % 2]}{n}A1B2C3"} for n in range(2, 3_002)],
    )
    batches: list[int] = []

    deleted = delete_expired_coupons(shop.shop, days=30, now=shop.now, advance=batches.append)

    assert deleted == 1_501
    assert batches == [501, 500, 500]
    assert len(codes(shop)) == 1_500


def test_a_shop_without_coupon_steps_has_nothing_to_clean(shop: ShopBuilder) -> None:
    coupon(shop, shop.rule(), "SEQ42A1B2C3")

    assert clean(shop) == 0


def test_each_batch_goes_on_where_the_last_one_ended(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    query = expired_coupons(shop.tables, [1, 2], days_ago(shop, 30), after_id=1_000)

    with shop.database.engine.connect() as connection:
        sql = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        [plan] = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sql}").mappings()

    assert (plan["type"], plan["key"]) == ("range", "PRIMARY")
    assert "filesort" not in plan["Extra"]
