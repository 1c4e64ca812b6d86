"""What the storm left in the database, read at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from segmail.coupons import code_owner
from segmail.maho.reasons import SOURCE
from segmail.maho.schema.tables import Tables
from tests.storm.shop import StormShop

Row = dict[str, Any]


@dataclass(frozen=True)
class Remains:
    """The progress rows after one id, with their customers' addresses, and what belongs to rows."""

    progress: list[Row]
    queue: dict[int, Row]
    reasons: set[int]  # queue rows that are no mails
    strays: list[int]  # queue rows of no progress row
    links: Counter[int]  # by queue id
    problems: dict[int, list[str]]  # by queue id, oldest first
    codes: dict[tuple[str, int], list[str]]  # coupons by prefix and customer

    @classmethod
    def load(cls, shop: StormShop, *, after: int) -> Remains:
        """Read everything that came after progress row `after`."""
        t = shop.tables
        with shop.builder.database.read() as connection:
            queue = _queue(connection, t)
            reasons = {id for id, row in queue.items() if row["automation_source"] == SOURCE}
            used = set(connection.scalars(select(t.progress.c.queue_id)))
            return cls(
                progress=_progress(connection, t, after),
                queue=queue,
                reasons=reasons,
                strays=sorted(set(queue) - used - reasons - shop.orphaned),
                links=Counter(connection.scalars(select(t.queue_link.c.queue_id))),
                problems=_problems(connection, t),
                codes=_by_owner(connection.scalars(select(t.coupon.c.code)), shop),
            )


def _progress(connection: Connection, t: Tables, after: int) -> list[Row]:
    query = (
        select(t.progress, t.customer.c.email)
        .join(t.customer, t.customer.c.entity_id == t.progress.c.customer_id)
        .where(t.progress.c.progress_id > after)
        .order_by(t.progress.c.progress_id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def _queue(connection: Connection, t: Tables) -> dict[int, Row]:
    q = t.queue.c
    query = select(q.queue_id, q.queue_status, q.queue_start_at, q.queue_finish_at,
                   q.automation_source)  # fmt: skip
    return {row.queue_id: dict(row._mapping) for row in connection.execute(query)}


def _problems(connection: Connection, t: Tables) -> dict[int, list[str]]:
    p = t.problem.c
    found: dict[int, list[str]] = defaultdict(list)
    query = select(p.queue_id, p.problem_error_text).order_by(p.problem_id)
    for queue_id, text in connection.execute(query):
        found[queue_id].append(text)
    return found


def _by_owner(codes: Iterable[str | None], shop: StormShop) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    prefixes = [step.prefix for step in shop.steps.values() if step.prefix]
    for code in filter(None, codes):
        for prefix in prefixes:
            if (owner := code_owner(code, prefix)) is not None:
                found[prefix, owner].append(code)
    return found
