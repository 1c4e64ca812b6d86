"""What mails add: compares a segment's mailed customers with those who were held out.

A customer counts at the first entry since the segment began to hold customers out, in the group
that this entry put them in, whether or not each mail was sent: the groups chosen by chance are
compared, not what followed. Their orders count for some days from the entry on. A window has the
customers whose days ended in it, so that consecutive windows have each customer once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, or_, select

from segmail.maho.db.moments import days_later
from segmail.maho.holdout import HELD_OUT
from segmail.maho.progress import TRIGGERS, ProgressStatus, has_status
from segmail.maho.reasons import is_reason, reason_ids, told
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.report.intervals import GroupDifference, Sample, newcombe, welch
from segmail.report.revenue import counts, of_stores
from segmail.report.window import Window

# With less, a handful of orders more or less would change the result.
_LEAST_CUSTOMERS = 100
_LEAST_BUYERS = 10


_NONE = Sample(0, 0, 0)


@dataclass(frozen=True)
class Group:
    """The customers of one group, the orders of their days, and the sums by base currency."""

    customers: int = 0
    buyers: int = 0
    orders: Sample = _NONE
    revenue: Mapping[str, Sample] = field(default_factory=dict)

    def revenue_in(self, currency: str) -> Sample:
        """Return what each customer ordered for in a currency; without orders all are 0."""
        return self.revenue.get(currency, Sample(self.customers, 0, 0))


@dataclass(frozen=True)
class Lift:
    """The two groups of a segment's sequence: customers who got its mails, and those held out."""

    segment_id: int
    trigger: str
    within_days: int
    mailed: Group = Group()
    held_out: Group = Group()

    @property
    def is_enough(self) -> bool:
        """Whether the groups are large enough for their difference to mean anything."""
        return all(
            group.customers >= _LEAST_CUSTOMERS and group.buyers >= _LEAST_BUYERS
            for group in (self.mailed, self.held_out)
        )

    @property
    def ordered(self) -> GroupDifference:
        """How much larger the share of customers who ordered is."""
        mailed, held_out = self.mailed, self.held_out
        return newcombe(mailed.buyers, mailed.customers, held_out.buyers, held_out.customers)

    @property
    def orders(self) -> GroupDifference:
        """How many more orders a customer made."""
        return welch(self.mailed.orders, self.held_out.orders)

    @property
    def revenue(self) -> Mapping[str, GroupDifference]:
        """How much more a customer ordered for, by base currency."""
        return {
            currency: welch(self.mailed.revenue_in(currency), self.held_out.revenue_in(currency))
            for currency in sorted({*self.mailed.revenue, *self.held_out.revenue})
        }


NOT_ENOUGH = (
    f"not enough yet: each group needs {_LEAST_CUSTOMERS} customers, {_LEAST_BUYERS} of whom "
    "ordered"
)


def collect_lift(
    tx: Transaction,
    window: Window,
    segment_ids: Collection[int],
    *,
    within_days: int,
    store_ids: Collection[int] | None = None,
) -> list[Lift]:
    """Return the groups of each of these segments that holds customers out, or did so before.

    Five statements; if nobody was ever held out two, which read no progress row.
    """
    chosen = _holding_out(tx, segment_ids)
    reasons = _reasons(tx, chosen)
    starts = _starts(tx, reasons)
    if not starts:
        return []
    entries = _entries(tx, window, starts, reasons, within_days, store_ids)
    groups = _count(tx, entries, within_days, store_ids)
    revenue = _add_up(tx, entries, within_days, store_ids)

    def group(segment_id: int, trigger: str, *, held_out: bool) -> Group:
        return _group(
            groups.get((segment_id, trigger, held_out), (0, 0, 0, 0)),
            revenue.get((segment_id, trigger, held_out), {}),
        )

    return [
        Lift(
            segment_id,
            trigger,
            within_days,
            mailed=group(segment_id, trigger, held_out=False),
            held_out=group(segment_id, trigger, held_out=True),
        )
        for segment_id, trigger in sorted(starts)
    ]


_Key = tuple[int, str, bool]  # segment, trigger, whether held out


def _holding_out(tx: Transaction, segment_ids: Collection[int]) -> list[int]:
    """Return which of the segments have the reason, and so may hold customers out."""
    q = tx.tables.queue.c
    query = select(q.automation_source_id).where(
        q.queue_id.in_(reason_ids(tx)), is_reason(tx.tables), q.newsletter_subject == told(HELD_OUT)
    )
    return sorted(set(tx.connection.scalars(query)) & set(segment_ids))


def _reasons(tx: Transaction, segment_ids: Sequence[int]) -> list[int]:
    """Return the queue ids with which rows of these segments record that they were held out.

    Each step and each of its templates has one, so they are read from the skipped rows.
    """
    if not segment_ids:
        return []
    c, q = tx.tables.progress.c, tx.tables.queue
    skipped = (
        select(c.queue_id)
        .where(
            c.segment_id.in_(segment_ids),
            c.trigger_type.in_(TRIGGERS),
            has_status(tx.tables, ProgressStatus.SKIPPED),
        )
        .distinct()
        .subquery()
    )
    query = select(q.c.queue_id).where(
        q.c.queue_id.in_(select(skipped.c.queue_id)),
        is_reason(tx.tables),
        q.c.newsletter_subject == told(HELD_OUT),
    )
    return list(tx.connection.scalars(query))


def _starts(tx: Transaction, reasons: Collection[int]) -> dict[tuple[int, str], datetime]:
    """Return since when customers of each segment and trigger are held out."""
    c = tx.tables.progress.c
    query = (
        select(c.segment_id, c.trigger_type, func.min(c.created_at))
        .where(c.queue_id.in_(reasons))
        .group_by(c.segment_id, c.trigger_type)
    )
    return {(row[0], row[1]): row[2] for row in tx.connection.execute(query)}


def _entries(
    tx: Transaction,
    window: Window,
    starts: Mapping[tuple[int, str], datetime],
    reasons: Collection[int],
    within_days: int,
    store_ids: Collection[int] | None,
) -> Subquery:
    """Return each customer's first entry, if its days ended in the window."""
    c, within = tx.tables.progress.c, timedelta(days=within_days)
    since = [
        and_(c.segment_id == segment_id, c.trigger_type == trigger, c.created_at >= start)
        for (segment_id, trigger), start in starts.items()
    ]
    entered = func.min(c.created_at)
    held_out = func.min(case((c.queue_id.in_(reasons), c.created_at)))
    query = (
        select(
            c.segment_id,
            c.trigger_type,
            c.customer_id,
            entered.label("entered_at"),
            case((held_out == entered, 1), else_=0).label("held_out"),
        )
        .where(or_(*since), c.created_at < window.until - within)
        .group_by(c.segment_id, c.trigger_type, c.customer_id)
        .having(entered >= window.since - within)
    )
    if store_ids is not None:
        query = query.where(c.customer_id.in_(of_stores(tx.tables, store_ids)))
    return query.subquery("entry")


def _of_days(
    tx: Transaction, entry: Subquery, within_days: int, store_ids: Collection[int] | None
) -> ColumnElement[bool]:
    """Return the condition that an order is by the customer of an entry, and within its days."""
    c = build_sales_tables(tx.tables.prefix).order.c
    return and_(
        c.customer_id == entry.c.customer_id,
        c.created_at >= entry.c.entered_at,
        c.created_at < days_later(entry.c.entered_at, literal(within_days)),
        counts(tx.tables, store_ids),
    )


def _count(
    tx: Transaction, entry: Subquery, within_days: int, store_ids: Collection[int] | None
) -> dict[_Key, tuple[int, int, int, int]]:
    """Return, for each group, its customers, its buyers, their orders, and the squares of these."""
    order = build_sales_tables(tx.tables.prefix).order
    keys = (entry.c.segment_id, entry.c.trigger_type, entry.c.held_out)
    of_customer = (
        select(*keys, func.count(order.c.entity_id).label("orders"))
        .select_from(entry)
        .outerjoin(order, _of_days(tx, entry, within_days, store_ids))
        .group_by(*keys, entry.c.customer_id)
        .subquery()
    )
    c = of_customer.c
    query = select(
        c.segment_id,
        c.trigger_type,
        c.held_out,
        func.count(),
        func.sum(case((c.orders > 0, 1), else_=0)),
        func.sum(c.orders),
        func.sum(c.orders * c.orders),
    ).group_by(c.segment_id, c.trigger_type, c.held_out)
    return {
        (row[0], row[1], bool(row[2])): (int(row[3]), int(row[4]), int(row[5]), int(row[6]))
        for row in tx.connection.execute(query)
    }


def _add_up(
    tx: Transaction, entry: Subquery, within_days: int, store_ids: Collection[int] | None
) -> dict[_Key, dict[str, tuple[float, float]]]:
    """Return, for each group and base currency, the sum of its orders, and that of the squares.

    Each customer's sum is squared.
    """
    order = build_sales_tables(tx.tables.prefix).order
    currency = func.coalesce(order.c.base_currency_code, "").label("currency")
    keys = (entry.c.segment_id, entry.c.trigger_type, entry.c.held_out)
    of_customer = (
        select(
            *keys,
            currency,
            func.sum(func.coalesce(order.c.base_grand_total, 0)).label("total"),
        )
        .select_from(entry)
        .join(order, _of_days(tx, entry, within_days, store_ids))
        .group_by(*keys, entry.c.customer_id, "currency")
        .subquery()
    )
    c = of_customer.c
    query = select(
        c.segment_id,
        c.trigger_type,
        c.held_out,
        c.currency,
        func.sum(c.total),
        func.sum(c.total * c.total),
    ).group_by(c.segment_id, c.trigger_type, c.held_out, c.currency)
    sums: defaultdict[_Key, dict[str, tuple[float, float]]] = defaultdict(dict)
    for row in tx.connection.execute(query):
        sums[row[0], row[1], bool(row[2])][row[3]] = float(row[4]), float(row[5])
    return sums


def _group(counted: tuple[int, int, int, int], sums: Mapping[str, tuple[float, float]]) -> Group:
    customers, buyers, orders, squares = counted
    return Group(
        customers,
        buyers,
        Sample(customers, orders, squares),
        {currency: Sample(customers, *found) for currency, found in sums.items()},
    )
