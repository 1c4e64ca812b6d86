"""Counts what happened in a window of time, with a dozen statements whatever the number of rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, inspect, or_, select

from segmail.coupons import AUTO_GENERATED, made_by_automation, prefixes_by_rule
from segmail.errors import InputError
from segmail.maho.db.information_schema import index_columns
from segmail.maho.lookup import as_number, find_segment
from segmail.maho.problems import last_problem, was_interrupted
from segmail.maho.progress import ProgressStatus, has_status, is_pending_in, is_postponed
from segmail.maho.reasons import BY_OTHERS, attempt_ended_at, is_reason, read_back
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import sent_index
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
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
from segmail.report.revenue import Revenue, collect_revenue
from segmail.report.window import Window

_OVERDUE = timedelta(hours=1)
_MOST_REASONS = 50


@dataclass(frozen=True)
class ReportScope:
    """What a report is about: all segments and stores, or some."""

    segment: str | None = None  # by id or name
    store: str | None = None  # by id or code; whose customers the rows are of, and the orders
    within_days: int = 7  # how long before an order its mail may have been sent, or who it is of
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
    (`newsletter_queue.queue_finish_at`), or, where none was made, by the time it was due. (Maho
    counts by the row's creation, so a step that waits longer than a day is in none of its
    reports.)

    `lateness` is how long after it was due a row may fail at the most (None: no bound); it spares
    reading all that ever failed.

    With a `scope` the report has the reasons, the days and the revenue, too; without, what the
    daily line tells. Raises InputError for a segment or store that is not there.
    """
    with shop.read() as tx:
        segment_ids, store_ids = _chosen(tx, scope or ReportScope())
        steps = load_steps(tx, segment_ids=segment_ids)
        rows = _Rows.find(tx, steps, store_ids, lateness)
        days = [] if scope is None else list(_days(tx.connection, rows, window))
        numbers = _count_rows(
            tx.connection, rows, steps, window, now, None if scope is None else days
        )
        activity = Activity(
            window,
            Counts(),
            coupons=_count_coupons(tx, steps, window, now),
            segments=_by_segment(steps, numbers),
        )
        activity = replace(activity, counts=add_up(s.counts for s in activity.segments))
        if scope is None:
            return activity
        return replace(
            activity,
            ended=tuple(_reasons(tx.connection, rows, window)),
            days=tuple(days),
            revenue=_revenue(tx, steps, window, store_ids, scope),
            lift=tuple(_lift(tx, rows, window, scope)),
        )


@dataclass(frozen=True)
class _Rows:
    """The progress rows that a report is about, and what leads to them on a server.

    `due_index` is Maho's on the time they were due, `sent_index` that of `schema tune`.
    """

    tables: Tables
    segment_ids: Sequence[int]
    sequence_ids: Sequence[int]
    store_ids: Sequence[int] | None
    lateness: timedelta | None
    due_index: str | None = None
    sent_index: str | None = None

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
            lateness,
        )
        if lateness is None or tx.connection.dialect.name == "sqlite":
            return rows
        indexes = index_columns(tx.connection, tx.tables.progress.name)
        names = {columns: name for name, columns in indexes.items()}
        return replace(
            rows,
            due_index=names.get(("scheduled_at", "status")),
            sent_index=sent_index(indexes),
        )

    def along(self, query: Select[Any], index: str | None) -> Select[Any]:
        """Read by an index; left to themselves servers may rather read every row of the steps."""
        for dialect in ("mysql", "mariadb") if index else ():
            query = query.with_hint(self.tables.progress, f"FORCE INDEX ({index})", dialect)
        return query

    @property
    def chosen(self) -> ColumnElement[bool]:
        """The condition that a row is of the steps and stores.

        An index that has the steps' ids answers without a look into the rows.
        """
        c, customer = self.tables.progress.c, self.tables.customer.c
        of_steps = c.sequence_id.in_(self.sequence_ids)
        if self.store_ids is None:
            return of_steps
        of_stores = select(customer.entity_id).where(customer.store_id.in_(self.store_ids))
        return and_(of_steps, c.customer_id.in_(of_stores))

    @property
    def waiting(self) -> ColumnElement[bool]:
        """The condition that a row waits; the segments' ids lead to these rows alone."""
        return and_(self.chosen, is_pending_in(self.tables, self.segment_ids))


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
    steps: Sequence[Step],
    window: Window,
    store_ids: Sequence[int] | None,
    scope: ReportScope,
) -> Revenue | None:
    if not _has_orders(tx):
        return None
    return collect_revenue(tx, window, steps, within_days=scope.within_days, store_ids=store_ids)


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
    connection: Connection,
    rows: _Rows,
    steps: Sequence[Step],
    window: Window,
    now: datetime,
    days: Sequence[Day] | None,
) -> Mapping[int, Counter[str]]:
    """Return numbers of rows by sequence id and name; `days` has what was sent, if it was asked."""
    numbers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    queries = [_waiting(rows, steps, now), _ended(rows, window)]
    if days is None:
        queries.append(_sent(rows, window))
    for day in days or ():
        for sequence_id, number in day.sent.items():
            numbers[sequence_id][ProgressStatus.SENT] += number
    for query in queries:
        for row in connection.execute(query).mappings():
            named = {name: int(number) for name, number in row.items()}
            numbers[named.pop("sequence_id")].update(named)
    return numbers


def _waiting(rows: _Rows, steps: Sequence[Step], now: datetime) -> Select[Any]:
    c = rows.tables.progress.c
    return (
        select(
            c.sequence_id,
            func.count().label(ProgressStatus.SCHEDULED.value),
            _number(c.scheduled_at <= now).label("due"),
            _number(c.scheduled_at <= now - _OVERDUE).label("overdue"),
            _number(is_postponed(rows.tables, steps, now=now)).label("postponed"),
            _number(c.queue_id.is_not(None)).label("deferred"),
        )
        .where(rows.waiting)
        .group_by(c.sequence_id)
    )


def _sent(rows: _Rows, window: Window) -> Select[Any]:
    c = rows.tables.progress.c
    query = select(c.sequence_id, func.count().label(ProgressStatus.SENT.value))
    return _of_sent(query, rows, window).group_by(c.sequence_id)


def _of_sent(query: Select[Any], rows: _Rows, window: Window) -> Select[Any]:
    """Return the query of rows that were sent in the window."""
    return rows.along(query, rows.sent_index).where(
        rows.chosen,
        has_status(rows.tables, ProgressStatus.SENT),
        _inside(rows.tables.progress.c.sent_at, window),
    )


def _ended(rows: _Rows, window: Window) -> Select[Any]:
    tables = rows.tables
    c = tables.progress.c
    failed = has_status(tables, ProgressStatus.FAILED)
    skipped = has_status(tables, ProgressStatus.SKIPPED)
    return _of_ended(
        select(
            c.sequence_id,
            _number(failed).label(ProgressStatus.FAILED.value),
            _number(and_(failed, was_interrupted(tables, c.queue_id))).label("interrupted"),
            _number(skipped).label(ProgressStatus.SKIPPED.value),
        ),
        rows,
        window,
    ).group_by(c.sequence_id)


def _of_ended(query: Select[Any], rows: _Rows, window: Window) -> Select[Any]:
    """Return the query of rows that ended without a mail in the window."""
    tables = rows.tables
    c, queue = tables.progress.c, tables.queue
    when = func.coalesce(attempt_ended_at(tables), c.scheduled_at, c.created_at)
    query = query.join_from(
        tables.progress, queue, queue.c.queue_id == c.queue_id, isouter=True
    ).where(
        rows.chosen,
        has_status(tables, ProgressStatus.FAILED, ProgressStatus.SKIPPED),
        _inside(when, window),
    )
    if rows.lateness is None:
        return query
    was_due = and_(c.scheduled_at >= window.since - rows.lateness, c.scheduled_at < window.until)
    return rows.along(query, rows.due_index).where(or_(c.scheduled_at.is_(None), was_due))


def _reasons(connection: Connection, rows: _Rows, window: Window) -> Iterator[Ended]:
    """Yield how many rows ended for which reason, the most frequent first."""
    tables = rows.tables
    c, problem = tables.progress.c, tables.problem.alias("last_problem")
    text = case(
        (is_reason(tables), tables.queue.c.newsletter_subject), else_=problem.c.problem_error_text
    )
    query = (
        _of_ended(select(c.status, text.label("reason"), func.count().label("rows")), rows, window)
        .join(
            problem,
            and_(
                problem.c.queue_id == c.queue_id,
                problem.c.problem_id == last_problem(tables, c.queue_id),
            ),
            isouter=True,
        )
        .group_by(c.status, text)
        .order_by(func.count().desc(), c.status, text)
        .limit(_MOST_REASONS)
    )
    for status, reason, number in connection.execute(query):
        yield Ended(ProgressStatus(status), read_back(reason) or reason or BY_OTHERS, number)


def _days(connection: Connection, rows: _Rows, window: Window) -> Iterator[Day]:
    """Yield what was sent on each day that had a mail."""
    c = rows.tables.progress.c
    day = func.date(c.sent_at).label("day")
    query = _of_sent(select(day, c.sequence_id, func.count().label("rows")), rows, window)
    query = query.group_by(day, c.sequence_id).order_by(day)
    for found, steps in groupby(connection.execute(query), key=lambda row: str(row.day)):
        yield Day(date.fromisoformat(found), {row.sequence_id: row.rows for row in steps})


def _number(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _inside(time: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    return and_(time >= window.since, time < window.until)


def _count_coupons(
    tx: Transaction, steps: Sequence[Step], window: Window, now: datetime
) -> Coupons:
    """Return how many of the automation's coupons were made, used of these, and expired."""
    prefixes = prefixes_by_rule(tx, steps)
    c = tx.tables.coupon.c
    query = select(c.rule_id, c.code, c.times_used, c.expiration_date).where(
        c.rule_id.in_(prefixes), c.type == AUTO_GENERATED, _inside(c.created_at, window)
    )
    generated = used = expired = 0
    ended = now.replace(tzinfo=None)
    for row in tx.connection.execution_options(yield_per=1_000).execute(query):
        if any(made_by_automation(row.code or "", prefix) for prefix in prefixes[row.rule_id]):
            generated += 1
            used += row.times_used > 0
            over = row.expiration_date is not None and row.expiration_date < ended
            expired += over and not row.times_used
    return Coupons(generated, used, expired)
