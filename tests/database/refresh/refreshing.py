"""Refreshes a test shop whose segments match a customer group, so that a test moves people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from segmail.clock import Clock
from segmail.errors import ConditionError
from segmail.maho.policies import save_policy
from segmail.segments.refresh import (
    Candidate,
    Choice,
    Refreshed,
    RefreshOptions,
    refresh_segments,
)
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

IN, OUT = 1, 9  # customer groups


def matching_group(shop: ShopBuilder, *broken: int) -> Any:
    """Return a matching by customer group; the segments `broken` have unusable conditions."""

    def matching(_connection: Connection, candidate: Candidate, _now: datetime) -> Select[Any]:
        if candidate.id in broken:
            raise ConditionError("condition 1.1 (customer_star/sign) is unknown to segmail.")
        c = shop.tables.customer.c
        return select(c.entity_id).where(c.group_id == IN, c.is_active == 1)

    return matching


def refresh(
    shop: ShopBuilder,
    *,
    choice: Choice | None = None,
    minutes: int = 0,
    broken: tuple[int, ...] = (),
    **options: Any,
) -> list[Refreshed]:
    """Refresh so many minutes after the shop's now."""
    return refresh_segments(
        shop.shop,
        choice or Choice(),
        RefreshOptions(**options),
        clock=Clock(shop.now + timedelta(minutes=minutes)),
        matching=matching_group(shop, *broken),
    )


def refresh_one(shop: ShopBuilder, **options: Any) -> Refreshed:
    [one] = refresh(shop, **options)
    return one


def move(shop: ShopBuilder, customer_id: int, group_id: int) -> None:
    shop.change(shop.tables.customer, {"entity_id": customer_id}, group_id=group_id)


def decide(shop: ShopBuilder, segment_id: int, **policies: object) -> None:
    shop.transact(lambda tx: save_policy(tx, segment_id, policies))


def order(
    shop: ShopBuilder,
    customer_id: int | None,
    *,
    at: datetime,
    state: str | None = "processing",
    store_id: int = 1,
    **columns: Any,
) -> None:
    """Place an order; the tables of sales are made where the shop has none yet."""
    sales = create_sales_tables(shop)
    shop.insert(
        sales.order,
        customer_id=customer_id,
        created_at=at,
        updated_at=at,
        state=state,
        store_id=store_id,
        **columns,
    )


def members(shop: ShopBuilder, segment_id: int) -> set[int]:
    rows = shop.rows(shop.tables.member, segment_id=segment_id)
    return {row["customer_id"] for row in rows}


def scheduled(shop: ShopBuilder) -> list[tuple[int, str, int]]:
    """Return customer, trigger and step number of the scheduled rows."""
    rows = shop.rows(shop.tables.progress, status="scheduled")
    return sorted((row["customer_id"], row["trigger_type"], row["step_number"]) for row in rows)


def count(shop: ShopBuilder, table: Any) -> int:
    with shop.database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)
