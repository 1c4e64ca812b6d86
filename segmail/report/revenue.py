"""What mails brought in: orders by coupon and by last mail, and who unsubscribed after one.

An order counts in its base currency unless it is canceled. There are two ways of counting, because
neither is the whole truth: by coupon, an order that used a code of the automation; by last mail, an
order whose customer was sent a mail within some days before it, counted for the last of these
mails.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from segmail.coupons import made_by_automation, prefixes_by_rule
from segmail.maho.customers import SubscriberStatus
from segmail.maho.progress import ProgressStatus, by_index, has_status
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.report.window import Window

_CANCELED = "canceled"
_MANY_ORDERS = 1_000

Money = Mapping[str, Decimal]  # sums by base currency


@dataclass(frozen=True)
class Income:
    """Orders and their sums by base currency."""

    orders: int = 0
    sums: Money = field(default_factory=dict)


@dataclass(frozen=True)
class Revenue:
    """What the mails of a window brought in; `by_step` and `unsubscribed` by sequence id.

    `within_days` is how long before an order, or an unsubscription, its mail may have been sent.
    """

    within_days: int
    by_coupon: Income
    by_mail: Income
    by_step: Mapping[int, Income]
    unsubscribed: Mapping[int, int]


def collect_revenue(
    tx: Transaction,
    window: Window,
    steps: Sequence[Step],
    *,
    within_days: int,
    store_ids: Collection[int] | None = None,
    sent_index: str | None = None,
) -> Revenue:
    """Return the revenue of the orders of `window`, for these steps and stores (None: all).

    `sent_index` is the index of a long history on status and time of sending, if there is one.
    """
    sequence_ids = {step.sequence_id for step in steps}
    first = 0
    if sent_index is not None and _has_many_orders(tx, window, store_ids):
        first = _first_mail(tx, window, within_days, sent_index)
    orders = list(_orders_after_mails(tx, window, within_days, store_ids, first))
    mine = [(step, currency, total) for step, currency, total in orders if step in sequence_ids]
    by_step = {
        step: _income((currency, total) for at, currency, total in mine if at == step)
        for step in {step for step, _, _ in mine}
    }
    return Revenue(
        within_days,
        by_coupon=_income(_orders_with_coupons(tx, steps, window, store_ids)),
        by_mail=_income((currency, total) for _, currency, total in mine),
        by_step=by_step,
        unsubscribed=_unsubscribed(tx, window, sequence_ids, within_days),
    )


def money_text(sums: Money) -> str:
    """Return sums in words, with currency codes: `1,234.50 EUR + 20.00 CHF`."""
    return " + ".join(f"{total:,.2f} {currency}".strip() for currency, total in sums.items()) or "0"


def _amount(total: Decimal | None) -> Decimal:
    return Decimal(0) if total is None else total


def _income(orders: Iterable[tuple[str, Decimal]]) -> Income:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    number = 0
    for currency, total in orders:
        number += 1
        sums[currency] += total
    return Income(number, dict(sorted(sums.items())))


def counts(tables: Tables, store_ids: Collection[int] | None) -> ColumnElement[bool]:
    """Return the condition that an order counts: it is not canceled, and in one of these stores."""
    c = build_sales_tables(tables.prefix).order.c
    placed = func.coalesce(c.state, "") != _CANCELED
    return placed if store_ids is None else and_(placed, c.store_id.in_(store_ids))


def _of_window(
    tables: Tables, window: Window, store_ids: Collection[int] | None
) -> ColumnElement[bool]:
    """Return the condition that an order counts, and was placed in the window."""
    created_at = build_sales_tables(tables.prefix).order.c.created_at
    return and_(created_at >= window.since, created_at < window.until, counts(tables, store_ids))


def _orders_after_mails(
    tx: Transaction,
    window: Window,
    within_days: int,
    store_ids: Collection[int] | None,
    first: int,
) -> Iterator[tuple[int, str, Decimal]]:
    """Yield (sequence id, base currency, base total) of each order that followed a mail.

    No row before `first`, by its id, was sent so late that it counts.
    """
    order, row = build_sales_tables(tx.tables.prefix).order, tx.tables.progress
    within = timedelta(days=within_days)
    query = (
        select(
            order.c.entity_id,
            order.c.created_at,
            order.c.base_grand_total,
            order.c.base_currency_code,
            row.c.sequence_id,
            row.c.sent_at,
        )
        .join_from(order, row, row.c.customer_id == order.c.customer_id)
        .where(
            _of_window(tx.tables, window, store_ids),
            has_status(tx.tables, ProgressStatus.SENT),
            row.c.progress_id >= first,
            row.c.sent_at >= window.since - within,
            row.c.sent_at < window.until,
        )
        .order_by(order.c.entity_id, row.c.sent_at.desc(), row.c.progress_id.desc())
    )
    rows = tx.connection.execution_options(yield_per=1_000).execute(_in_that_order(query))
    for _order, found in groupby(rows, key=lambda one: one.entity_id):
        for one in found:
            if one.created_at - within <= one.sent_at <= one.created_at:
                yield one.sequence_id, one.base_currency_code or "", _amount(one.base_grand_total)
                break


def _has_many_orders(tx: Transaction, window: Window, store_ids: Collection[int] | None) -> bool:
    """Return whether reading all rows of the orders' customers takes longer than `_first_mail`."""
    order = build_sales_tables(tx.tables.prefix).order
    some = select(order.c.entity_id).where(_of_window(tx.tables, window, store_ids))
    found = select(func.count()).select_from(some.limit(_MANY_ORDERS).subquery())
    return tx.connection.scalar(found) == _MANY_ORDERS


def _first_mail(tx: Transaction, window: Window, within_days: int, sent_index: str) -> int:
    """Return the lowest id of the rows sent in the window and the days before; 0 if there is none.

    An index of customers has the ids of their rows, so older rows need not be read for their time.
    """
    c = tx.tables.progress.c
    query = select(func.min(c.progress_id)).where(
        has_status(tx.tables, ProgressStatus.SENT),
        c.sent_at >= window.since - timedelta(days=within_days),
        c.sent_at < window.until,
    )
    return tx.connection.scalar(by_index(tx.tables, query, sent_index)) or 0


def _in_that_order(query: Select[Any]) -> Select[Any]:
    """Join from the few orders, or subscribers, to the rows of their customers.

    Servers that begin with the rows read everything sent in the window and some days before.
    """
    for dialect in ("mysql", "mariadb"):
        query = query.prefix_with("STRAIGHT_JOIN", dialect=dialect)
    return query


def _orders_with_coupons(
    tx: Transaction,
    steps: Sequence[Step],
    window: Window,
    store_ids: Collection[int] | None,
) -> Iterator[tuple[str, Decimal]]:
    """Yield (base currency, base total) of each order that used a code of the automation."""
    order, coupon = build_sales_tables(tx.tables.prefix).order, tx.tables.coupon
    prefixes = prefixes_by_rule(tx, steps)
    query = (
        select(
            order.c.base_currency_code, order.c.base_grand_total, coupon.c.rule_id, coupon.c.code
        )
        .join_from(order, coupon, coupon.c.code == order.c.coupon_code)
        .where(_of_window(tx.tables, window, store_ids), coupon.c.rule_id.in_(prefixes))
    )
    for one in tx.connection.execution_options(yield_per=1_000).execute(query):
        if any(made_by_automation(one.code, prefix) for prefix in prefixes[one.rule_id]):
            yield one.base_currency_code or "", _amount(one.base_grand_total)


def _unsubscribed(
    tx: Transaction,
    window: Window,
    sequence_ids: Collection[int],
    within_days: int,
) -> Mapping[int, int]:
    """Return how many unsubscribed in the window after a mail, by the step of the last one."""
    subscriber, row = tx.tables.subscriber, tx.tables.progress
    within = timedelta(days=within_days)
    query = (
        select(
            subscriber.c.subscriber_id, subscriber.c.change_status_at,
            row.c.sequence_id, row.c.sent_at,
        )
        .join_from(subscriber, row, row.c.customer_id == subscriber.c.customer_id)
        .where(
            subscriber.c.subscriber_status == SubscriberStatus.UNSUBSCRIBED,
            subscriber.c.change_status_at >= window.since,
            subscriber.c.change_status_at < window.until,
            has_status(tx.tables, ProgressStatus.SENT),
            row.c.sent_at >= window.since - within,
            row.c.sent_at < window.until,
        )
        .order_by(subscriber.c.subscriber_id, row.c.sent_at.desc(), row.c.progress_id.desc())
    )  # fmt: skip
    counts: Counter[int] = Counter()
    rows = tx.connection.execution_options(yield_per=1_000).execute(_in_that_order(query))
    for _subscriber, found in groupby(rows, key=lambda one: one.subscriber_id):
        for one in found:
            if one.change_status_at - within <= one.sent_at <= one.change_status_at:
                counts[one.sequence_id] += one.sequence_id in sequence_ids
                break
    return {step: number for step, number in counts.items() if number}
