"""The shop that the storm passes over: customers with due steps, plain, long and with coupons."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from segmail.maho.db.insert import insert_rows
from tests.shop_builder import ATTRIBUTES, ShopBuilder

_KINDS = ("", "", "-rcpt1", "", "-data1", "", "-data2", "-rcpt2")  # see the sink
_LONG = 55_000  # bytes; newsletter_text holds 64 KB


@dataclass(frozen=True)
class Step:
    """A step whose subject tells it from the others; `prefix` is its coupons'."""

    sequence_id: int
    subject: str
    delay: timedelta
    prefix: str | None


class StormShop:
    """Adds due rows to a shop, one for each customer and step."""

    def __init__(self, builder: ShopBuilder, chance: random.Random) -> None:
        self.builder = builder
        self.tables = builder.tables
        self._chance = chance
        self._number = 0
        self._segment = builder.segment()
        rule = builder.rule()
        self.steps = {
            step.sequence_id: step
            for step in (
                self._step(1, "<p>Hello {{var customer_firstname}}</p>"),
                self._step(2, "<p>Yours:</p>\n<p>CODE:{{var coupon_code}}</p>\n", rule=rule),
                self._step(3, "<p>Line by line by line</p>\n" * (_LONG // 27)),
                self._step(4, "Plain words.\nCODE:{{var coupon_code}}\n", rule=rule, type=1),
            )
        }

    def top_up(self, wanted: int, now: datetime) -> None:
        """Add customers until at least `wanted` rows are due at `now`."""
        missing = wanted - self._count_due(now)
        while missing > 0:
            steps = list(self.steps) if self._chance.random() < 0.25 else [self._next_step()]
            missing -= len(steps)
            self.builder.database.transact(
                lambda c, steps=steps: self._add(c, steps, now)  # type: ignore[misc]
            )

    def scheduled(self) -> int:
        """Return how many rows have not come to their end."""
        c = self.tables.progress.c
        with self.builder.database.read() as connection:
            query = select(func.count()).where(c.status == "scheduled")
            return connection.scalar(query) or 0

    def _step(self, number: int, text: str, *, rule: int | None = None, type: int = 2) -> Step:
        subject, delay = f"Step {number}", timedelta(minutes=30 * number)
        prefix = f"STORM{'ABCD'[number - 1]}" if rule else None
        sequence_id = self.builder.step(
            self._segment,
            self.builder.template(text, subject=subject, type=type),
            number=number,
            rule_id=rule,
            coupon_prefix=prefix,
            delay_minutes=delay // timedelta(minutes=1),
        )
        return Step(sequence_id, subject, delay, prefix)

    def _count_due(self, now: datetime) -> int:
        c = self.tables.progress.c
        with self.builder.database.read() as connection:
            query = select(func.count()).where(c.status == "scheduled", c.scheduled_at <= now)
            return connection.scalar(query) or 0

    def _next_step(self) -> int:
        ids = list(self.steps)
        return ids[self._number % len(ids)]

    def _add(self, connection: Connection, steps: Sequence[int], now: datetime) -> None:
        """Add a customer with a subscription and a due row for each step."""
        self._number += 1
        t, long_ago = self.tables, now - timedelta(days=100)
        email = f"customer{self._number}{_KINDS[self._number % len(_KINDS)]}@storm.test"
        [customer] = insert_rows(connection, t.customer, [
            {"email": email, "website_id": 1, "store_id": 1, "group_id": 1, "is_active": 1,
             "created_at": long_ago, "updated_at": long_ago},
        ])  # fmt: skip
        insert_rows(connection, t.customer_values["varchar"], [
            {"entity_type_id": 1, "attribute_id": list(ATTRIBUTES).index(code) + 1,
             "entity_id": customer, "value": value}
            for code, value in (("firstname", "Ada"), ("lastname", "Lovelace"))
        ])  # fmt: skip
        insert_rows(connection, t.subscriber, [
            {"customer_id": customer, "subscriber_email": email, "subscriber_status": 1,
             "store_id": 1, "subscriber_confirm_code": f"code{customer}"},
        ])  # fmt: skip
        rows = [self._row(customer, self.steps[step], now) for step in steps]
        insert_rows(connection, t.progress, rows)

    def _row(self, customer: int, step: Step, now: datetime) -> dict[str, Any]:
        due = now - timedelta(minutes=self._chance.randrange(1, 60))
        return {
            "customer_id": customer,
            "segment_id": self._segment,
            "sequence_id": step.sequence_id,
            "step_number": int(step.subject.removeprefix("Step ")),
            "trigger_type": "enter",
            "status": "scheduled",
            "created_at": due - step.delay,
            "scheduled_at": due,
        }
