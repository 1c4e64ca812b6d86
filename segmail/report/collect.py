"""Counts what happened in a window of time, with a dozen statements for any number of rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, inspect, or_, select

from segmail.coupons import AUTO_GENERATED, count_coupons, prefixes_by_rule, prefixes_of
from segmail.errors import ConfigError, InputError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.time_zones import TIMEZONE, time_zone
from segmail.maho.db.information_schema import index_columns
from segmail.maho.db.local_time import local_time
from segmail.maho.lookup import as_number, find_segment
from segmail.maho.problems import INTERRUPTED, common_reason, last_problem
from segmail.maho.progress import (
    ProgressStatus,
    along_pending,
    by_index,
    has_long_history,
    has_status,
    is_pending,
    is_pending_in,
    is_postponed,
)
from segmail.maho.reasons import BY_OTHERS, is_reason, read_back, reason_ids
from segmail.maho.reasons import SOURCE as REASON
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import mails_index, tuned_index, waiting_index
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.mail.column_limits import as_written
from segmail.report.activity import (
    Activity,
    Counts,
    Coupons,
    Day,
    Ended,
    SegmentActivity,
    StepActivity,
    add_up,
)
from segmail.report.lift import Lift, collect_lift
from segmail.report.revenue import Revenue, collect_revenue, of_stores
from segmail.report.window import Window

_OVERDUE = timedelta(hours=1)
_LEASE = timedelta(days=1)  # and more: a killed run's row keeps the end of its claim
_MOST_REASONS = 50


@dataclass(frozen=True)
class ReportScope:
    """What a report is about: all segments and stores, or some."""

    segment: str | None = None  # by id or name
    store: str | None = None  # by id or code: that of the customers and of the orders
    within_days: int = 7  # how long before an order its mail may have been sent, or its customer
    # may have entered


def collect_activity(
    shop: Shop,
    window: Window,
    *,
    now: datetime,
    scope: ReportScope | None = None,
    lateness: timedelta | None = None,
) -> Activity:
    """Return what the automation did in `window` and what is scheduled at `now`.

    A row counts when it happened: sent by `sent_at`, failed and skipped by the end of its attempt
    (`newsletter_queue.queue_finish_at`) or, without an attempt, by the time it was due. (Maho
    counts by the row's creation, so a step that waits longer than a day is in none of its reports.)

    `lateness` is the longest time after its due time at which a row may fail (None: no bound); with
    a long history it avoids reading all rows that ever failed.

    With a `scope` the report has the reasons, the days and the revenue, too; without, only what the
    daily line says. Raises InputError for a segment or store that does not exist.
    """
    with shop.read() as tx:
        segment_ids, store_ids = _chosen(tx, scope or ReportScope())
        steps = load_steps(tx, segment_ids=segment_ids)
        rows = _Rows.find(tx, steps, store_ids, lateness)
        zone = UTC if scope is None else _zone(tx, store_ids)
        days = [] if scope is None else list(_days(tx.connection, rows, window, zone))
        ended = _ended(tx.connection, rows, window)
        numbers = _count_rows(tx, rows, steps, window, now, None if scope is None else days)
        _add_ended(numbers, ended)
        prefixes = prefixes_by_rule(tx, steps) if segment_ids is None else prefixes_of(steps)
        activity = Activity(
            window,
            Counts(),
            coupons=_count_coupons(tx, prefixes, window, now),
            segments=_by_segment(steps, numbers),
        )
        activity = replace(activity, counts=add_up(s.counts for s in activity.segments))
        if scope is None:
            return activity
        return replace(
            activity,
            ended=tuple(_reasons(ended)),
            days=tuple(days),
            zone=zone,
            revenue=_revenue(tx, rows, steps, prefixes, window, scope),
            lift=tuple(_lift(tx, rows, window, scope)),
        )


def is_slow(shop: Shop) -> bool:
    """Return whether a report reads many rows because `schema tune` was not run."""
    with shop.read() as tx:
        indexes = index_columns(tx.connection, tx.tables.progress.name)
        wanted = (tuned_index(indexes, "sent_at"), mails_index(indexes))
        return has_long_history(tx) and None in wanted


@dataclass(frozen=True)
class _Rows:
    """The progress rows that a report is about, and the indexes that find them on a server.

    `lateness` is None if the history is short enough to read every row that ever failed; `reasons`
    are the queue ids that are not attempts. The indexes are those of `schema tune`: `due_index` on
    the time that rows were due and `mails_index` on the rows of a customer, else Maho's; and
    `sent_index` on the time of sending and `waiting_index` with all that is asked of a waiting row.
    """

    tables: Tables
    segment_ids: Sequence[int]
    sequence_ids: Sequence[int]
    store_ids: Sequence[int] | None
    lateness: timedelta | None = None
    reasons: Sequence[int] = ()
    due_index: str | None = None
    sent_index: str | None = None
    mails_index: str | None = None
    waiting_index: str | None = None

    @classmethod
    def find(
        cls,
        tx: Transaction,
        steps: Sequence[Step],
        store_ids: Sequence[int] | None,
        lateness: timedelta | None,
    ) -> _Rows:
        rows = cls(
            tx.tables,
            sorted({step.segment.segment_id for step in steps}),
            sorted(step.sequence_id for step in steps),
            store_ids,
            reasons=reason_ids(tx),
        )
        if not has_long_history(tx) or tx.connection.dialect.name == "sqlite":
            return rows
        indexes = index_columns(tx.connection, tx.tables.progress.name)
        names = {columns: name for name, columns in indexes.items()}
        mahos = names.get(("scheduled_at", "status"))
        return replace(
            rows,
            lateness=lateness,
            due_index=tuned_index(indexes, "scheduled_at") or mahos,
            sent_index=tuned_index(indexes, "sent_at"),
            mails_index=mails_index(indexes) or names.get(("customer_id", "status")),
            waiting_index=waiting_index(indexes),
        )

    def along(self, query: Select[Any], index: str | None) -> Select[Any]:
        """Read by an index; without a hint servers may rather read every row of the steps."""
        return by_index(self.tables, query, index)

    def due_around(self, query: Select[Any], window: Window) -> Select[Any]:
        """Return the query without rows that were due too long before the window, or after it."""
        if self.lateness is None:
            return query
        due_at = self.tables.progress.c.scheduled_at
        since, until = window.since - self.lateness, window.until + _LEASE
        return query.where(or_(due_at.is_(None), and_(due_at >= since, due_at < until)))

    @property
    def chosen(self) -> ColumnElement[bool]:
        """The condition that a row belongs to the steps and stores.

        An index that contains the steps' ids answers without looking at the rows.
        """
        c = self.tables.progress.c
        of_steps = c.sequence_id.in_(self.sequence_ids)
        if self.store_ids is None:
            return of_steps
        return and_(of_steps, c.customer_id.in_(of_stores(self.tables, self.store_ids)))

    def waiting(self, tx: Transaction, query: Select[Any]) -> Select[Any]:
        """Return the query of rows that wait; by Maho's index their segments' ids lead to them."""
        if self.waiting_index is not None:
            query = query.where(self.chosen, is_pending(self.tables))
            return self.along(query, self.waiting_index)
        query = query.where(self.chosen, is_pending_in(self.tables, self.segment_ids))
        return along_pending(tx, query)


def _chosen(tx: Transaction, scope: ReportScope) -> tuple[list[int] | None, list[int] | None]:
    """Return the ids of the segments and stores that are asked for; None: all."""
    segments = None
    if scope.segment is not None:
        segments = [find_segment(tx, scope.segment).segment_id]
    if scope.store is None:
        return segments, None
    c = tx.tables.store.c
    named = c.code == scope.store
    if (number := as_number(scope.store)) is not None:
        named = or_(named, c.store_id == number)
    stores = list(tx.connection.scalars(select(c.store_id).where(named)))
    if not stores:
        raise InputError(f"There is no store '{scope.store}'; give the id or code of a store view.")
    return segments, stores


def _by_segment(
    steps: Sequence[Step], numbers: Mapping[int, Counter[str]]
) -> tuple[SegmentActivity, ...]:
    return tuple(
        _segment([StepActivity(step, _counts(step, numbers)) for step in group])
        for _id, group in groupby(steps, key=lambda step: step.segment.segment_id)
    )


def _revenue(
    tx: Transaction,
    rows: _Rows,
    steps: Sequence[Step],
    prefixes: Mapping[int, Collection[str]],
    window: Window,
    scope: ReportScope,
) -> Revenue | None:
    if not _has_orders(tx):
        return None
    return collect_revenue(
        tx,
        window,
        steps,
        prefixes,
        within_days=scope.within_days,
        store_ids=rows.store_ids,
        mails_index=rows.mails_index,
    )


def _lift(tx: Transaction, rows: _Rows, window: Window, scope: ReportScope) -> list[Lift]:
    if not _has_orders(tx):
        return []
    return collect_lift(
        tx, window, rows.segment_ids, within_days=scope.within_days, store_ids=rows.store_ids
    )


def _has_orders(tx: Transaction) -> bool:
    order = build_sales_tables(tx.tables.prefix).order
    return inspect(tx.connection).has_table(order.name)


def _segment(steps: list[StepActivity]) -> SegmentActivity:
    return SegmentActivity(
        steps[0].step.segment, add_up(step.counts for step in steps), tuple(steps)
    )


def _counts(step: Step, numbers: Mapping[int, Counter[str]]) -> Counts:
    """Return a step's counts; what is due in a segment that is switched off is held, not late."""
    found, sends = numbers[step.sequence_id], step.segment.sends
    return Counts(
        sent=found[ProgressStatus.SENT],
        failed=found[ProgressStatus.FAILED],
        interrupted=found["interrupted"],
        skipped=found[ProgressStatus.SKIPPED],
        scheduled=found[ProgressStatus.SCHEDULED],
        held=0 if sends else found["due"],
        overdue=found["overdue"] if sends else 0,
        postponed=found["postponed"],
        deferred=found["deferred"],
    )


def _count_rows(
    tx: Transaction,
    rows: _Rows,
    steps: Sequence[Step],
    window: Window,
    now: datetime,
    days: Sequence[Day] | None,
) -> dict[int, Counter[str]]:
    """Return numbers of rows that wait or were sent, by sequence id and name.

    `days` gets what was sent, if it was asked for.
    """
    numbers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    queries = [_waiting(tx, rows, steps, now)]
    if days is None:
        queries.append(_sent(rows, window))
    for day in days or ():
        for sequence_id, number in day.sent.items():
            numbers[sequence_id][ProgressStatus.SENT] += number
    for query in queries:
        for row in tx.connection.execute(query).mappings():
            named = {name: int(number) for name, number in row.items()}
            numbers[named.pop("sequence_id")].update(named)
    return numbers


def _add_ended(
    numbers: Mapping[int, Counter[str]], ended: Mapping[tuple[int, ProgressStatus, str], int]
) -> None:
    for (sequence_id, status, reason), number in ended.items():
        numbers[sequence_id][status] += number
        if status is ProgressStatus.FAILED and reason.startswith(INTERRUPTED):
            numbers[sequence_id]["interrupted"] += number


def _waiting(tx: Transaction, rows: _Rows, steps: Sequence[Step], now: datetime) -> Select[Any]:
    c = rows.tables.progress.c
    query = select(
        c.sequence_id,
        func.count().label(ProgressStatus.SCHEDULED.value),
        _number(c.scheduled_at <= now).label("due"),
        _number(c.scheduled_at <= now - _OVERDUE).label("overdue"),
        _number(is_postponed(rows.tables, steps, now=now)).label("postponed"),
        _number(c.queue_id.is_not(None)).label("deferred"),
    )
    return rows.waiting(tx, query).group_by(c.sequence_id)


def _sent(rows: _Rows, window: Window) -> Select[Any]:
    c = rows.tables.progress.c
    query = select(c.sequence_id, func.count().label(ProgressStatus.SENT.value))
    return _of_sent(query, rows, window).group_by(c.sequence_id)


def _of_sent(query: Select[Any], rows: _Rows, window: Window) -> Select[Any]:
    """Return the query of rows that were sent in the window."""
    query = query.where(
        rows.chosen,
        has_status(rows.tables, ProgressStatus.SENT),
        _inside(rows.tables.progress.c.sent_at, window),
    )
    if rows.sent_index is not None:
        return rows.along(query, rows.sent_index)
    return rows.along(rows.due_around(query, window), rows.due_index)


def _ended(
    connection: Connection, rows: _Rows, window: Window
) -> Counter[tuple[int, ProgressStatus, str]]:
    """Return how many rows ended without a mail in the window, by step, status and reason.

    Reasons name no customer and no mail: those that differ in nothing else count as one.
    """
    found: Counter[tuple[int, ProgressStatus, str]] = Counter()
    for query in (_untried(rows, window), _tried(rows, window)):
        result = connection.execute(query, execution_options={"yield_per": 1_000})
        for sequence_id, status, text, number in result:
            reason = common_reason(as_written(read_back(text) or text or BY_OTHERS))
            found[sequence_id, ProgressStatus(status), reason] += number
    return found


def _untried(rows: _Rows, window: Window) -> Select[Any]:
    """Return the query of rows that nobody tried to send: they ended when they were due."""
    c, queue = rows.tables.progress.c, rows.tables.queue
    when_due = _inside(c.scheduled_at, window)
    return _of_ended(rows, queue.c.newsletter_subject).where(
        or_(c.queue_id.is_(None), is_reason(rows.tables)),
        or_(when_due, and_(c.scheduled_at.is_(None), _inside(c.created_at, window))),
    )


def _tried(rows: _Rows, window: Window) -> Select[Any]:
    """Return the query of rows that were tried: they ended with their attempts."""
    tables = rows.tables
    c, queue, problem = tables.progress.c, tables.queue, tables.problem.alias("last_problem")
    query = (
        _of_ended(rows, problem.c.problem_error_text)
        .join(
            problem,
            and_(
                problem.c.queue_id == c.queue_id,
                problem.c.problem_id == last_problem(tables, c.queue_id),
            ),
            isouter=True,
        )
        .where(
            c.queue_id.is_not(None),
            c.queue_id.not_in(rows.reasons),
            func.coalesce(queue.c.automation_source, "") != REASON,
            _inside(func.coalesce(queue.c.queue_finish_at, c.scheduled_at, c.created_at), window),
        )
    )
    return rows.due_around(query, window)


def _of_ended(rows: _Rows, reason: ColumnElement[Any]) -> Select[Any]:
    """Return the query that counts rows which ended without a mail, by step and reason."""
    tables = rows.tables
    c, queue = tables.progress.c, tables.queue
    query = (
        select(c.sequence_id, c.status, reason, func.count())
        .join_from(tables.progress, queue, queue.c.queue_id == c.queue_id, isouter=True)
        .where(rows.chosen, has_status(tables, ProgressStatus.FAILED, ProgressStatus.SKIPPED))
        .group_by(c.sequence_id, c.status, reason)
    )
    return rows.along(query, rows.due_index)


def _reasons(ended: Mapping[tuple[int, ProgressStatus, str], int]) -> Iterator[Ended]:
    """Yield how many rows of all steps ended for which reason, the most frequent first."""
    found: Counter[tuple[ProgressStatus, str]] = Counter()
    for (_step, status, reason), number in ended.items():
        found[status, reason] += number
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    for (status, reason), number in most[:_MOST_REASONS]:
        yield Ended(status, reason, number)


def _zone(tx: Transaction, store_ids: Sequence[int] | None) -> tzinfo:
    """Return the time zone of the store, or of the shop; UTC if it is unknown."""
    [store_id, *_] = store_ids or [0]
    try:
        return time_zone(StoreConfig.load(tx).value(TIMEZONE, store_id) or "UTC")
    except ConfigError:  # `doctor` tells
        return UTC


def _days(connection: Connection, rows: _Rows, window: Window, zone: tzinfo) -> Iterator[Day]:
    """Yield what was sent on each day, in this zone, that had a mail."""
    c = rows.tables.progress.c
    between = window.since, window.until
    local = local_time(connection.dialect.name, c.sent_at, zone, between=between)
    day = func.date(local).label("day")
    query = _of_sent(select(day, c.sequence_id, func.count().label("rows")), rows, window)
    query = query.group_by(day, c.sequence_id).order_by(day)
    for found, steps in groupby(connection.execute(query), key=lambda row: str(row.day)):
        yield Day(date.fromisoformat(found), {row.sequence_id: row.rows for row in steps})


def _number(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _inside(time: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    return and_(time >= window.since, time < window.until)


def _count_coupons(
    tx: Transaction, prefixes: Mapping[int, Collection[str]], window: Window, now: datetime
) -> Coupons:
    """Return how many of the automation's coupons were made, used of these, and expired."""
    c = tx.tables.coupon.c
    unused = func.coalesce(c.times_used, 0) == 0
    query = select(
        func.count(),
        _number(~unused),
        _number(and_(unused, c.expiration_date < now.replace(tzinfo=None))),
    ).where(c.type == AUTO_GENERATED, _inside(c.created_at, window))
    counted = list(count_coupons(tx, query, prefixes))
    return Coupons(*(sum(map(int, numbers)) for numbers in zip(*counted, strict=True)))
