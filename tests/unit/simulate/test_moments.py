"""When a segment's members may change is read from its SELECT, whatever its conditions are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, literal, select

from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import build_tables
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.scope import EavAttribute, EavAttributes, Scope
from segmail.segments.conditions.tree import Combine
from segmail.segments.language.line import read_line
from segmail.simulate.moments import Clockwork
from tests.each_case import for_each

NOON = datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC)


class _EveryAttribute(EavAttributes):
    def find(self, entity: str, code: str) -> EavAttribute:
        return EavAttribute(1, code, "varchar", None)


def select_at(line: str, moment: datetime) -> Select[Any]:
    name, _, told = line.partition(": ")
    zones = {1: "UTC", 2: "Europe/Rome"}
    tables, sales = build_tables(), build_sales_tables()
    scope = Scope(tables, sales, moment, "sqlite", _EveryAttribute({}), zones)
    tree = Combine(True, True, (read_line(name, told, "1"),), "root")
    return matching_customers(tree, scope, website_ids=[1, 2], group_ids=[])


def clockwork(line: str) -> Clockwork:
    return Clockwork.of(lambda moment: select_at(line, moment), NOON)


@for_each(
    ("line", "columns"),
    [
        ("cart: hours since updated >= 1", {"created_at", "updated_at"}),
        ("cart: minutes since created = 60", {"created_at"}),
        ("cart: active = yes", set()),
        ("customer: days since registration <= 7", set()),
    ],
)
def test_what_moves_with_the_clock_is_compared_with_a_column(line: str, columns: set[str]) -> None:
    works = clockwork(line)

    assert {bound.column.name for bound in works.bounds} == columns
    assert all(bound.column.table.name == "sales_flat_quote" for bound in works.bounds)
    assert timedelta(hours=1) in {bound.ago for bound in works.bounds} or not columns
    assert not works.is_always_moving


@for_each(
    ("line", "changes"),
    [
        ("customer: days until birthday = 0", True),
        ("activity: days since last order > 90", True),
        ("viewed: on clearance = yes", True),
        ("cart: hours since updated <= 72", False),
        ("newsletter: status = subscribed", False),
    ],
)
def test_what_changes_with_the_day_is_seen_at_its_beginning(line: str, changes: bool) -> None:
    works = clockwork(line)
    same = works.day_of(select_at(line, NOON + timedelta(hours=10)))
    next_day = works.day_of(select_at(line, NOON + timedelta(days=1)))

    assert works.day_of(select_at(line, NOON)) == same
    assert (next_day != same) is changes


def test_a_clock_that_nobody_can_read_moves_always() -> None:
    customer = build_tables().customer

    def strange(moment: datetime) -> Select[Any]:
        now = literal(moment, UtcDateTime())
        return select(customer.c.entity_id).where(func.strange(customer.c.created_at, now) > 3)

    assert Clockwork.of(strange, NOON).is_always_moving


def test_the_tables_are_those_that_the_conditions_read() -> None:
    assert clockwork("viewed: days since viewed category <= 4:30").tables == {
        "customer_entity",
        "catalog_category_product",
        "report_viewed_product_index",
    }
