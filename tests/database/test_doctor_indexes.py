"""Which indexes the doctor suggests."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from segmail.doctor.findings import AreaFinding
from segmail.doctor.indexes import index_findings
from segmail.doctor.lost_indexes import lost_tuning
from segmail.maho import progress
from segmail.maho.schema.tune import run_tuning
from segmail.segments.refresh.candidates import load_candidates
from tests.bare_database import run
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder
from tests.tuning import tuning_undone

COUPON = ("order_attributes", "coupon_code", "==", "AUTUMN")
COUPONS = ("order_attributes", "coupon_code", "()", "AUTUMN,WINTER")
COUPON_PART = ("order_attributes", "coupon_code", "{}", "AUT")
DATES = ("customer_timebased", "days_since_last_order", ">=", "30")
LOGIN = ("customer_timebased", "days_since_last_login", ">=", "30")
SKU = ("order_items", "product_sku", "==", "A-1")
TOTAL = ("customer_clv", "lifetime_sales", ">=", "30")

COUPON_INDEX = "sales_flat_order (coupon_code, customer_id)"
ROWS = 3


@pytest.fixture
def _sales(shop: ShopBuilder) -> None:
    """Let each large table have three rows, and the server know it."""
    sales = create_sales_tables(shop)
    shop.insert_all(sales.login, [{"customer_id": 1, "login_at": shop.now}] * ROWS)
    shop.insert_all(sales.order, [{"customer_id": 1, "state": "new"}] * ROWS)
    shop.insert_all(sales.order_item, [{"order_id": 1, "sku": "A-1"}] * ROWS)
    if shop.database.engine.dialect.name != "sqlite":
        run(shop.url, *(f"ANALYZE TABLE {t.name}" for t in sales.metadata.sorted_tables))


def suggested(shop: ShopBuilder, large: int = ROWS - 1) -> list[AreaFinding]:
    with shop.read() as tx:
        candidates = load_candidates(tx, None)
        found = index_findings(tx.connection, shop.tables.prefix, candidates, large=large)
    return [one for one in found if one.severity != "ok"]


def indexes(findings: Sequence[AreaFinding]) -> list[str]:
    return [one.advice.partition(" ON ")[2].rstrip(";") for one in findings]


def segment(
    shop: ShopBuilder, *conditions: tuple[str, str, str, str], is_active: bool = True
) -> int:
    prefix = "customersegmentation/segment_condition_"
    keys = ("type", "attribute", "operator", "value")
    children = [dict(zip(keys, (prefix + one[0], *one[1:]), strict=True)) for one in conditions]
    root = {"type": f"{prefix}combine", "aggregator": "all", "value": "1", "conditions": children}
    return shop.segment(conditions_serialized=json.dumps(root), is_active=int(is_active))


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.usefixtures("_sales")
@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ([COUPON], [COUPON_INDEX]),
        ([COUPONS], [COUPON_INDEX]),
        ([COUPON_PART, SKU, DATES, LOGIN, TOTAL], []),
    ],
)
def test_an_index_is_suggested_for_what_a_segment_asks_of_a_large_table(
    shop: ShopBuilder, conditions: list[tuple[str, str, str, str]], wanted: list[str]
) -> None:
    segment(shop, *conditions)

    assert indexes(suggested(shop)) == wanted


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.parametrize("prefix", ["m_"])
@pytest.mark.usefixtures("_sales")
def test_the_statement_that_is_suggested_works_and_is_not_suggested_again(
    shop: ShopBuilder,
) -> None:
    first, second = segment(shop, COUPON), segment(shop, COUPON)
    [before] = suggested(shop)

    shop.database.transact(lambda connection: connection.execute(text(before.advice)))

    assert f"m_sales_flat_order has about {ROWS} rows" in before.what
    assert f"who used a coupon, which segments {first}, {second} would gain by" in before.what
    assert suggested(shop) == []


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.usefixtures("_sales")
def test_small_tables_and_inactive_segments_need_no_index(shop: ShopBuilder) -> None:
    segment(shop, COUPON, is_active=False)
    inactive = suggested(shop)
    segment(shop, COUPON)

    assert inactive == []
    assert suggested(shop, large=ROWS) == []


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.parametrize("prefix", ["m_"])
@pytest.mark.usefixtures("_sales")
def test_an_index_of_mahos_own_that_is_lost_is_missed_whatever_the_segments_ask(
    shop: ShopBuilder,
) -> None:
    run(shop.url, "DROP INDEX ix_m_sales_flat_order_customer_id ON m_sales_flat_order")

    [lost] = suggested(shop)
    shop.database.transact(lambda connection: connection.execute(text(lost.advice)))

    assert lost.severity == "warning"
    assert f"m_sales_flat_order has about {ROWS} rows and no index on customer_id" in lost.what
    assert suggested(shop) == []


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.usefixtures("_sales")
def test_another_index_that_begins_with_the_column_will_do(shop: ShopBuilder) -> None:
    run(
        shop.url,
        "DROP INDEX ix_sales_flat_order_customer_id ON sales_flat_order",
        "CREATE INDEX theirs ON sales_flat_order (customer_id, created_at)",
    )

    assert suggested(shop) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.usefixtures("_sales")
def test_nothing_is_suggested_on_sqlite(shop: ShopBuilder) -> None:
    segment(shop, COUPON)

    assert suggested(shop) == []


def test_a_long_history_would_gain_by_tuning_until_it_is_tuned(
    mariadb_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = mariadb_shop
    step = shop.step(shop.segment())
    for _ in range(3):
        shop.due(step, shop.customer())

    def told() -> list[tuple[str, str]]:
        with shop.shop.read() as tx:
            return [(one.severity, one.advice) for one in lost_tuning(tx)]

    assert told() == []
    monkeypatch.setattr(progress, "_MANY", 1)
    assert told() == [("note", "segmail schema tune --yes")]
    with tuning_undone(shop.database) as statements:
        run_tuning(shop.database, statements)
        assert told() == []
