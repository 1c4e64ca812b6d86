"""What mails brought in: orders by coupon and by last mail, and who unsubscribed after one.

An order counts in its base currency unless it is canceled. There are two ways of counting, because
neither is the whole truth: by coupon, an order that used a code of the automation; by last mail, an
order whose customer was sent a mail within some days before it, counted for the last of these
mails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Subquery,
    and_,
    func,
    literal,
    select,
)

from segmail.coupons import count_coupons
from segmail.maho.customers import SubscriberStatus
from segmail.maho.db.moments import days_later
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.report.window import Window

_CANCELED = "canceled"
_ALL = 2**63 - 1

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
    prefixes: Mapping[int, Collection[str]],
    *,
    within_days: int,
    store_ids: Collection[int] | None = None,
    mails_index: str | None = None,
) -> Revenue:
    """Return the revenue of the orders of `window`, for these steps and stores (None: all).

    `prefixes` are those of the coupons that count, by rule. `mails_index` is the index that finds a
    customer's progress rows; None: the server's choice.
    """
    mails = _LastMails(tx.tables, {step.sequence_id for step in steps}, within_days, mails_index)
    by_step = _by_last_mail(tx, mails, window, store_ids)
    return Revenue(
        within_days,
        by_coupon=_by_coupon(tx, prefixes, window, store_ids),
        by_mail=_sum(by_step.values()),
        by_step=by_step,
        unsubscribed=_unsubscribed(tx, mails, window, store_ids),
    )


def money_text(sums: Money) -> str:
    """Return sums in words, with currency codes: `1,234.50 EUR + 20.00 CHF`."""
    return " + ".join(f"{total:,.2f} {currency}".strip() for currency, total in sums.items()) or "0"


def _sum(incomes: Iterable[Income]) -> Income:
    orders = 0
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for income in incomes:
        orders += income.orders
        for currency, total in income.sums.items():
            sums[currency] += total
    return Income(orders, dict(sorted(sums.items())))


def of_stores(tables: Tables, store_ids: Collection[int]) -> Select[int]:
    """Return the query of the ids of these stores' customers."""
    c = tables.customer.c
    return select(c.entity_id).where(c.store_id.in_(store_ids))


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


@dataclass(frozen=True)
class _LastMails:
    """The last mail that a customer was sent before something happened.

    It counts if it was of one of these steps, and at most `within_days` before.
    """

    tables: Tables
    sequence_ids: Collection[int]
    within_days: int
    index: str | None

    def before(
        self, happened: Select[Any], customer_id: ColumnElement[Any], at: ColumnElement[Any]
    ) -> tuple[Subquery, FromClause, ColumnElement[bool]]:
        """Return what happened as a table, that table joined to the mails, and what counts.

        The mail of each is looked up by an index of the customer's rows, the newest first. A join
        would have a row for each mail before; and servers that choose by themselves may begin with
        everything that was sent.
        """
        mail, row = self.tables.progress.alias("mail"), self.tables.progress.c
        # All columns of the index: MySQL would sort the mails by the last two alone.
        newest = (mail.c.customer_id, mail.c.status, mail.c.sent_at, mail.c.progress_id)
        last = (
            select(mail.c.progress_id)
            .where(
                mail.c.customer_id == customer_id,
                mail.c.status == ProgressStatus.SENT.value,
                mail.c.sent_at <= at,
            )
            .order_by(*(column.desc() for column in newest))
            .limit(1)
        )
        for dialect in ("mysql", "mariadb") if self.index else ():
            last = last.with_hint(mail, f"FORCE INDEX ({self.index})", dialect)
        # Without a limit, servers look the mail up as often as they compare its id.
        found = (
            happened.add_columns(at.label("at"), last.scalar_subquery().label("mail_id"))
            .limit(_ALL)
            .subquery("found")
        )
        return (
            found,
            found.join(self.tables.progress, row.progress_id == found.c.mail_id),
            and_(
                row.sequence_id.in_(self.sequence_ids),
                days_later(row.sent_at, literal(self.within_days)) >= found.c.at,
            ),
        )


def _by_last_mail(
    tx: Transaction, mails: _LastMails, window: Window, store_ids: Collection[int] | None
) -> dict[int, Income]:
    """Return the orders whose last mail was of a step, by sequence id."""
    order, step = build_sales_tables(tx.tables.prefix).order, tx.tables.progress.c.sequence_id
    placed = select(order.c.base_grand_total, order.c.base_currency_code).where(
        _of_window(tx.tables, window, store_ids)
    )
    found, joined, counting = mails.before(placed, order.c.customer_id, order.c.created_at)
    currency = func.coalesce(found.c.base_currency_code, "").label("currency")
    query = (
        select(step, currency, func.count(), _total(found.c.base_grand_total))
        .select_from(joined)
        .where(counting)
        .group_by(step, "currency")
    )
    by_step: defaultdict[int, list[Income]] = defaultdict(list)
    for sequence_id, code, orders, total in tx.connection.execute(query):
        by_step[sequence_id].append(Income(orders, {code: total}))
    return {step: _sum(incomes) for step, incomes in by_step.items()}


def _total(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.sum(func.coalesce(amount, 0), type_=Numeric(20, 4))


def _by_coupon(
    tx: Transaction,
    prefixes: Mapping[int, Collection[str]],
    window: Window,
    store_ids: Collection[int] | None,
) -> Income:
    """Return the orders that used a code of the automation."""
    order, coupon = build_sales_tables(tx.tables.prefix).order, tx.tables.coupon
    currency = func.coalesce(order.c.base_currency_code, "").label("currency")
    query = (
        select(currency, func.count(), _total(order.c.base_grand_total))
        .join_from(order, coupon, coupon.c.code == order.c.coupon_code)
        .where(_of_window(tx.tables, window, store_ids))
        .group_by("currency")
    )
    found = count_coupons(tx, query, prefixes)
    return _sum(Income(orders, {code: total}) for code, orders, total in found)


def _unsubscribed(
    tx: Transaction, mails: _LastMails, window: Window, store_ids: Collection[int] | None
) -> dict[int, int]:
    """Return how many unsubscribed in the window after a mail, by the step of the last one."""
    subscriber, step = tx.tables.subscriber.c, tx.tables.progress.c.sequence_id
    left = select(subscriber.subscriber_id).where(
        subscriber.subscriber_status == SubscriberStatus.UNSUBSCRIBED,
        subscriber.change_status_at >= window.since,
        subscriber.change_status_at < window.until,
    )
    if store_ids is not None:
        left = left.where(subscriber.customer_id.in_(of_stores(tx.tables, store_ids)))
    _, joined, counting = mails.before(left, subscriber.customer_id, subscriber.change_status_at)
    query = select(step, func.count()).select_from(joined).where(counting).group_by(step)
    return {row[0]: row[1] for row in tx.connection.execute(query)}
