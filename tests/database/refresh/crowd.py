"""A shop with a crowd: segments by customer group, refreshed by the real program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from tests.database.refresh.refreshing import IN, OUT
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

_TYPE = "customersegmentation/segment_condition_"
TREE = {
    "type": f"{_TYPE}combine",
    "aggregator": "all",
    "value": "1",
    "conditions": [
        {
            "type": f"{_TYPE}customer_attributes",
            "attribute": "group_id",
            "operator": "==",
            "value": str(IN),
        }
    ],
}


class Crowd:
    """Customers who are moved in and out of a segment with two enter steps and an exit step.

    Nobody moves twice, so everybody's rows can be told by whether they were moved, and where.
    """

    def __init__(self, shop: ShopBuilder, size: int) -> None:
        self.shop = shop
        create_sales_tables(shop)
        shop.config("customer_segmentation/email_automation/enabled", "1")
        self.segment_id = shop.segment(
            "Crowd", conditions_serialized=json.dumps(TREE), website_ids="1"
        )
        self.enter = [shop.step(self.segment_id, number=n, delay_minutes=n) for n in (1, 2)]
        self.exit = shop.step(self.segment_id, trigger="exit")
        self._insert(size)
        self.inside = set(range(1, size // 2 + 1))
        self.outside = set(range(size // 2 + 1, size + 1))
        self.came: set[int] = set()
        self.left: set[int] = set()

    def move(self, size: int) -> None:
        """Let so many leave who have never moved, and as many come in."""
        leaving = set(sorted(self.inside - self.came - self.left)[:size])
        coming = set(sorted(self.outside - self.came - self.left)[:size])
        self._set_group(leaving, OUT)
        self._set_group(coming, IN)
        self.left |= leaving
        self.came |= coming

    def expected_members(self) -> set[int]:
        return (self.inside - self.left) | self.came

    def rows(self) -> Counter[tuple[int, int, str]]:
        """Count the progress rows by customer, step and status."""
        c = self.shop.tables.progress.c
        with self.shop.database.read() as connection:
            found = connection.execute(select(c.customer_id, c.sequence_id, c.status))
            return Counter((row[0], row[1], row[2]) for row in found)

    def expected_rows(self) -> Counter[tuple[int, int, str]]:
        return self.rows_of(self.expected_members())

    def rows_of(self, members: set[int]) -> Counter[tuple[int, int, str]]:
        """Return the rows that are right where these are the members.

        Who was inside from the start waited for the first step; who came got both.
        """
        first, left = self.enter[0], self.inside - members
        return Counter(
            [(id, first, "skipped" if id in left else "scheduled") for id in self.inside]
            + [(id, self.exit, "scheduled") for id in left]
            + [(id, step, "scheduled") for id in members - self.inside for step in self.enter]
        )

    def _insert(self, size: int) -> None:
        shop, tables = self.shop, self.shop.tables
        times = {"created_at": shop.now, "updated_at": shop.now}
        ids = range(1, size + 1)
        half = size // 2
        shop.insert_all(
            tables.customer,
            [
                {
                    "entity_id": id,
                    "email": f"c{id}@example.test",
                    "website_id": 1,
                    "store_id": 1,
                    "group_id": IN if id <= half else OUT,
                    **times,
                }
                for id in ids
            ],
        )
        shop.insert_all(
            tables.subscriber,
            [
                {"customer_id": id, "subscriber_email": f"c{id}@example.test", **_SUBSCRIBED}
                for id in ids
            ],
        )
        added = {"added_at": shop.now, "updated_at": shop.now, "website_id": 1}
        inside = ids[:half]
        shop.insert_all(
            tables.member,
            [{"segment_id": self.segment_id, "customer_id": id, **added} for id in inside],
        )
        shop.insert_all(tables.progress, [self._waiting(id) for id in inside])

    def _waiting(self, customer_id: int) -> dict[str, Any]:
        return {
            "customer_id": customer_id,
            "segment_id": self.segment_id,
            "sequence_id": self.enter[0],
            "step_number": 1,
            "trigger_type": "enter",
            "status": "scheduled",
            "created_at": self.shop.now - timedelta(days=1),
            "scheduled_at": self.shop.now - timedelta(minutes=1),
        }

    def _set_group(self, ids: Iterable[int], group_id: int) -> None:
        c = self.shop.tables.customer.c
        query = update(self.shop.tables.customer).where(c.entity_id.in_(ids))
        self.shop.database.transact(lambda k: k.execute(query.values(group_id=group_id)))


_SUBSCRIBED = {"subscriber_status": 1, "store_id": 1}
