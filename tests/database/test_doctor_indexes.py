"""Which indexes the doctor suggests."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from segmail.doctor.findings import Finding
from segmail.doctor.indexes import index_findings
from segmail.maho.sales_tables import build_sales_tables
from segmail.segments.refresh.candidates import load_candidates
from tests.bare_database import run
from tests.shop_builder import ShopBuilder

DATES = ("customer_timebased", "days_since_last_order", ">=", "30")
INACTIVE = ("customer_timebased", "days_inactive", ">=", "30")
LOGIN = ("customer_timebased", "days_since_last_login", ">=", "30")
PROFIT = ("customer_clv", "lifetime_profit", ">=", "30")
SKU = ("order_items", "product_sku", "==", "A-1")
SKU_PART = ("order_items", "product_sku", "{}", "A-")
TOTAL = ("customer_clv", "lifetime_sales", ">=", "30")
VIEWED = ("product_viewed", "days_since_last_view", ">=", "30")

LOGIN_INDEX = "log_customer (customer_id, login_at)"
DATES_INDEX = "sales_flat_order (customer_id, state, created_at)"
ROWS = 3


@pytest.fixture
def _sales(shop: ShopBuilder) -> None:
    """Let each large table have three rows, and the server know it."""
    sales = build_sales_tables(shop.tables.prefix)
    sales.metadata.create_all(shop.database.engine)
    shop.insert_all(sales.login, [{"customer_id": 1, "login_at": shop.now}] * ROWS)
    shop.insert_all(sales.order, [{"customer_id": 1, "state": "new"}] * ROWS)
    shop.insert_all(sales.order_item, [{"order_id": 1, "sku": "A-1"}] * ROWS)
    if shop.database.engine.dialect.name != "sqlite":
        run(shop.url, *(f"ANALYZE TABLE {t.name}" for t in sales.metadata.sorted_tables))


def suggested(shop: ShopBuilder, large: int = ROWS - 1) -> list[Finding]:
    with shop.database.read() as connection:
        candidates = load_candidates(connection, shop.tables, None)
        found = index_findings(connection, shop.tables.prefix, candidates, large=large)
    return [one for one in found if one.severity == "note"]


def indexes(findings: Sequence[Finding]) -> list[str]:
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
        ([DATES], [DATES_INDEX]),
        ([TOTAL], ["sales_flat_order (customer_id, state, base_grand_total)"]),
        ([TOTAL, DATES], ["sales_flat_order (customer_id, state, created_at, base_grand_total)"]),
        ([SKU], ["sales_flat_order_item (sku, order_id)"]),
        ([LOGIN], [LOGIN_INDEX]),
        ([INACTIVE], [DATES_INDEX, LOGIN_INDEX]),
        ([SKU_PART, PROFIT, VIEWED], []),
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
    first, second = segment(shop, DATES), segment(shop, TOTAL)
    [before] = suggested(shop)

    shop.database.transact(lambda connection: connection.execute(text(before.advice)))

    assert f"m_sales_flat_order has about {ROWS} rows" in before.what
    assert f"when customers ordered and what customers spent, which segments {first}, {second}" in (
        before.what
    )
    assert suggested(shop) == []


@pytest.mark.parametrize("engine_name", ["mariadb"])
@pytest.mark.usefixtures("_sales")
def test_small_tables_and_inactive_segments_need_no_index(shop: ShopBuilder) -> None:
    segment(shop, DATES, is_active=False)
    inactive = suggested(shop)
    segment(shop, DATES)

    assert inactive == []
    assert suggested(shop, large=ROWS) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.usefixtures("_sales")
def test_nothing_is_suggested_on_sqlite(shop: ShopBuilder) -> None:
    segment(shop, DATES, TOTAL, SKU, LOGIN)

    assert suggested(shop) == []
