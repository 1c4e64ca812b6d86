"""The shop that the storm passes over: customers with due steps, plain, long and with coupons."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from segmail.maho.db.insert import insert_rows
from segmail.maho.problems import INTERRUPTED
from tests.database.refresh.crowd import TREE
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
        # SQL by hand, where others would press a button.
        self.orphaned: set[int] = set()  # queue rows whose progress rows were deleted
        # Of customers who were deleted: messages that may have come, by address and subject.
        self.deleted: dict[tuple[str, str], int] = {}
        self.segment = self._segment = builder.segment(
            conditions_serialized=json.dumps(TREE), website_ids="1", refresh_mode="manual"
        )
        # Those who leave are in another group, in which their coupons are good all the same.
        builder.insert(
            self.tables.customer_group, customer_group_id=9, customer_group_code="Others"
        )
        rule = builder.rule(groups=(1, 9))
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

    def unsettled(self) -> int:
        """Return how many rows and attempts have not come to their end."""
        c, q = self.tables.progress.c, self.tables.queue.c
        with self.builder.database.read() as connection:
            rows = connection.scalar(select(func.count()).where(c.status == "scheduled")) or 0
            attempts = connection.scalar(select(func.count()).where(q.queue_status == 4)) or 0
        return rows + attempts

    def unsubscribe(self, number: int) -> None:
        """Let some who wait for a mail leave the newsletter."""
        s = self.tables.subscriber
        ids = self._some_who_wait(number)
        self._execute(update(s).where(s.c.customer_id.in_(ids)).values(subscriber_status=3))

    def let_leave(self, number: int) -> None:
        """Let some who wait for a mail stop matching the segment."""
        customer = self.tables.customer
        ids = self._some_who_wait(number)
        self._execute(update(customer).where(customer.c.entity_id.in_(ids)).values(group_id=9))

    def delete(self, number: int) -> None:
        """Delete some who wait for a mail, and with them their rows."""
        t = self.tables
        ids = self._some_who_wait(number)
        p = t.progress.c
        interrupted = (
            select(func.count())
            .where(t.problem.c.queue_id == p.queue_id)
            .where(t.problem.c.problem_error_text.startswith(INTERRUPTED))
            .scalar_subquery()
        )
        mine = select(t.customer.c.email, p.sequence_id, p.queue_id, interrupted.label("unknown"))
        mine = mine.join(t.customer, t.customer.c.entity_id == p.customer_id)
        with self.builder.database.read() as connection:
            for row in connection.execute(mine.where(p.customer_id.in_(ids))):
                self.deleted[row.email, self.steps[row.sequence_id].subject] = 1 + row.unknown
                self.orphaned |= {row.queue_id} - {None}
        self._execute(delete(t.subscriber).where(t.subscriber.c.customer_id.in_(ids)))
        self._execute(delete(t.customer).where(t.customer.c.entity_id.in_(ids)))

    def note_orphans(self) -> None:
        """Remember the attempts of rows that a cleanup may delete."""
        c = self.tables.progress.c
        with self.builder.database.read() as connection:
            ended = select(c.queue_id).where(c.status != "scheduled", c.queue_id.is_not(None))
            self.orphaned |= set(connection.scalars(ended))

    def _some_who_wait(self, number: int) -> list[int]:
        """Return customers with scheduled rows, those with an open attempt first."""
        c, q = self.tables.progress.c, self.tables.queue
        query = (
            select(c.customer_id)
            .select_from(self.tables.progress.outerjoin(q, q.c.queue_id == c.queue_id))
            .where(c.status == "scheduled")
            .order_by(q.c.queue_status.desc(), c.progress_id)
            .limit(4 * number)
        )
        with self.builder.database.read() as connection:
            found = sorted(set(connection.scalars(query)))
        return self._chance.sample(found, min(number, len(found)))

    def _execute(self, statement: Any) -> None:
        self.builder.database.transact(lambda connection: connection.execute(statement))

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
        insert_rows(connection, t.member, [
            {"segment_id": self.segment, "customer_id": customer, "website_id": 1,
             "added_at": long_ago, "updated_at": long_ago},
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
