"""`customer_segment_sequence_progress`: the one home of the progress row's SQL.

A row is one step for one customer. It is enrolled (`scheduled` for a time), claimed and settled by
a run (`sent`, `skipped`, `failed`, or scheduled again), or stopped before its time (`skipped`), and
finally pruned. Every condition on a row, and every change to it, has its function here; callers
decide about transactions, order and locks. SPEC: "Create customer progress tracking table".
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from segmail.maho.db.column_types import UInt, UtcDateTime
from segmail.maho.db.database import after_commit
from segmail.maho.db.foreign_keys import past_missing_rows
from segmail.maho.db.information_schema import index_columns
from segmail.maho.db.insert import insert_rows
from segmail.maho.db.locking import locking
from segmail.maho.db.moments import minutes_after, minutes_later
from segmail.maho.db.row_by_row import first_found, not_by_index
from segmail.maho.db.value_lists import among, chosen_by, pairs_among
from segmail.maho.ended_rows import ENDED, ended_rows, lines_of_ended
from segmail.maho.reasons import find_reasons, tell_of_attempts
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, Trigger


class ProgressStatus(enum.StrEnum):
    """The column `status`: one value waits, three are final."""

    SCHEDULED = "scheduled"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


_CLAIMED_MINUTES = 20  # a claim's quarter of an hour, and some more
FINAL = (ProgressStatus.SENT, ProgressStatus.FAILED, ProgressStatus.SKIPPED)
_MANY = 1_000_000
# Maho's index is on segment, trigger and status: with both triggers it is used up to the status.
TRIGGERS = tuple(trigger.value for trigger in Trigger)


# Conditions


def has_status(tables: Tables, *statuses: ProgressStatus) -> ColumnElement[bool]:
    """Return the condition that a row has one of these statuses."""
    status = tables.progress.c.status
    if len(statuses) == 1:
        return status == statuses[0].value
    return status.in_([one.value for one in statuses])


def is_pending(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a row still waits to be sent, or for the end of its attempt."""
    return has_status(tables, ProgressStatus.SCHEDULED)


def is_due(tables: Tables, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a row waits and is due at `now` (UTC)."""
    return and_(is_pending(tables), tables.progress.c.scheduled_at <= now)


def is_of_step(tables: Tables, sequence_id: int) -> ColumnElement[bool]:
    """Return the condition that a row belongs to this step."""
    return tables.progress.c.sequence_id == sequence_id


def is_pending_in(
    tables: Tables, segment_ids: Any, triggers: Sequence[str] = TRIGGERS
) -> ColumnElement[bool]:
    """Return the condition that a row of these segments waits; ids, or a subquery of ids.

    Maho's index is on segment, trigger and status: naming the triggers lets it reach the status.
    """
    c = tables.progress.c
    return and_(c.segment_id.in_(segment_ids), c.trigger_type.in_(triggers), is_pending(tables))


def is_repetition(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a row is not the first of its step in its run."""
    row, first = tables.progress, tables.progress.alias("first")
    found = first_found(
        first.c.customer_id == row.c.customer_id,
        not_by_index(first.c.sequence_id) == row.c.sequence_id,
        first.c.created_at == row.c.created_at,
        first.c.progress_id < row.c.progress_id,
    )
    return found.correlate(row).is_not(None)


def is_postponed(tables: Tables, steps: Iterable[Step], *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a row waits beyond its delay although no attempt was made.

    A claim, too, moves a row on by a quarter of an hour, so that much does not count. Repetitions
    are left out, because their dates are not delays.
    """
    c = tables.progress.c
    by_delay: defaultdict[int, list[int]] = defaultdict(list)
    repeating = []
    for step in steps:
        by_delay[step.delay_minutes].append(step.sequence_id)
        if step.policy.repeat is not None:
            repeating.append(step.sequence_id)
    late = [
        and_(
            c.sequence_id.in_(ids),
            c.scheduled_at > minutes_later(c.created_at, literal(delay + _CLAIMED_MINUTES)),
        )
        for delay, ids in by_delay.items()
    ]
    once = or_(c.sequence_id.not_in(repeating), ~is_repetition(tables)) if repeating else true()
    return and_(c.queue_id.is_(None), c.scheduled_at > now, or_(false(), *late), once)


def is_running(tables: Tables, repeating: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a row's sequence is under way for its customer.

    A waiting repetition keeps nobody from another sequence. `repeating` are the ids of the steps
    that repeat.
    """
    if not repeating:
        return is_pending(tables)
    once = tables.progress.c.sequence_id.not_in(repeating)
    return and_(is_pending(tables), or_(once, ~is_repetition(tables)))


def ended_before(tables: Tables, moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a row is final and all its times are before `moment`."""
    c = tables.progress.c
    times = (c.created_at, c.scheduled_at, c.sent_at)
    return and_(has_status(tables, *FINAL), *(or_(time.is_(None), time < moment) for time in times))


# Counts


def count_by_step(tx: Transaction, sequence_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the number of rows of each step by status, zeros included."""
    return _count_by_status(tx, "sequence_id", sequence_ids)


def count_by_segment(tx: Transaction, segment_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the number of rows of each segment by status, zeros included."""
    return _count_by_status(tx, "segment_id", segment_ids)


def count_pending(tx: Transaction, segment_id: int) -> dict[str, int]:
    """Return the number of a segment's waiting rows by their trigger."""
    trigger = tx.tables.progress.c.trigger_type
    query = select(trigger, func.count()).where(is_pending_in(tx.tables, [segment_id]))
    found = tx.connection.execute(along_pending(tx, query.group_by(trigger)))
    return {row[0]: row[1] for row in found}


def count_pending_by_step(
    tx: Transaction, segment_ids: Collection[int]
) -> dict[tuple[int, str], int]:
    """Return the number of segments' waiting rows by sequence id and by the rows' own trigger."""
    c = tx.tables.progress.c
    query = (
        select(c.sequence_id, c.trigger_type, func.count())
        .where(is_pending_in(tx.tables, segment_ids))
        .group_by(c.sequence_id, c.trigger_type)
    )
    found = tx.connection.execute(along_pending(tx, query))
    return {(row[0], row[1]): row[2] for row in found}


def count_due(tx: Transaction, segment_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Return the number of rows that are due at `now` (UTC), by sequence id."""
    c = tx.tables.progress.c
    query = (
        select(c.sequence_id, func.count())
        .where(is_pending_in(tx.tables, segment_ids), c.scheduled_at <= now)
        .group_by(c.sequence_id)
    )
    return {row[0]: row[1] for row in tx.connection.execute(along_pending(tx, query))}


def along_pending(tx: Transaction, query: Select[Any]) -> Select[Any]:
    """Read rows that wait (`is_pending_in`) by Maho's index, where the shop has it.

    A server whose statistics are older than most rows would rather read all of them.
    """
    if tx.connection.dialect.name == "sqlite":
        return query
    indexes = index_columns(tx.connection, tx.tables.progress.name)
    wanted = ("segment_id", "trigger_type", "status")
    return by_index(
        tx.tables, query, {columns: name for name, columns in indexes.items()}.get(wanted)
    )


def by_index(tables: Tables, query: Select[Any], index: str | None) -> Select[Any]:
    """Let MySQL and MariaDB read progress rows by this index; None: by the one they choose."""
    for dialect in ("mysql", "mariadb") if index else ():
        query = query.with_hint(tables.progress, f"FORCE INDEX ({index})", dialect)
    return query


def has_long_history(tx: Transaction) -> bool:
    """Return whether there may be so many rows that counting the finished ones takes seconds.

    The primary key answers at once; rows that have been deleted count too.
    """
    c = tx.tables.progress.c.progress_id
    first, last = (tx.connection.scalar(select(end(c))) or 0 for end in (func.min, func.max))
    return bool(last - first > _MANY)


def _count_by_status(
    tx: Transaction, column: str, ids: Collection[int]
) -> dict[int, dict[str, int]]:
    key, status = tx.tables.progress.c[column], tx.tables.progress.c.status
    query = select(key, status, func.count()).where(key.in_(ids)).group_by(key, status)
    counts = {id_: {one.value: 0 for one in ProgressStatus} for id_ in ids}
    for id_, found, count in tx.connection.execute(query):
        counts[id_][found] = count
    return counts


# Claim


def due_rows(
    tables: Tables,
    sequence_ids: Iterable[int],
    *,
    now: datetime,
    after: tuple[datetime, int] | None,
    index: str | None,
    limit: int | None,
) -> Select[Any]:
    """Return the query of these steps' due rows, oldest first; a test checks its plan.

    `after` is where the walk continues: time and id of the previous row. `index` is the index to
    walk along (`walked_index`).
    """
    c = tables.progress.c
    query = (
        select(
            c.progress_id,
            c.customer_id,
            c.sequence_id,
            c.trigger_type,
            c.queue_id,
            c.created_at,
            c.scheduled_at,
        )
        .where(is_due(tables, now), c.sequence_id.in_(list(sequence_ids)))
        .order_by(c.scheduled_at, c.progress_id)
        .limit(limit)
    )
    if after is not None:
        at, last = after
        query = query.where(
            c.scheduled_at >= at,
            or_(c.scheduled_at > at, and_(c.scheduled_at == at, c.progress_id > last)),
        )
    return by_index(tables, query, index)


def next_due(tx: Transaction, sequence_ids: Iterable[int]) -> datetime | None:
    """Return when the next waiting row of these steps comes due, or came due; None without one."""
    c = tx.tables.progress.c
    query = select(func.min(c.scheduled_at)).where(
        is_pending(tx.tables), c.sequence_id.in_(list(sequence_ids))
    )
    found: datetime | None = tx.connection.scalar(query)
    return found


def walked_index(tx: Transaction) -> str | None:
    """Return the name of the index that finds due rows; None if the server takes no hints."""
    if tx.connection.dialect.name == "sqlite":
        return None
    names: dict[tuple[str, ...], str] = {}
    for name, columns in index_columns(tx.connection, tx.tables.progress.name).items():
        in_order = columns[:3] == ("status", "scheduled_at", "progress_id")
        names[columns[:2] if in_order else columns] = name
    return names.get(("status", "scheduled_at")) or names.get(("scheduled_at", "status"))


def claim(
    tx: Transaction,
    seen: Mapping[int, datetime | None],
    *,
    now: datetime,
    lease_until: datetime,
) -> int:
    """Push the time of due rows on to the end of the lease, if it is still what was `seen`, by id.

    Returns how many were claimed: fewer than `seen` if another run was quicker. Repeating the seen
    time makes the claim correct also where SKIP LOCKED is not (Galera, SQLite). A time that is not
    a moment, such as a zero date, cannot be repeated: then it is enough that the row is still due.
    """
    c = tx.tables.progress.c
    unreadable = [id for id, at in seen.items() if at is None]
    readable = [(id, at) for id, at in seen.items() if at is not None]
    is_as_seen = pairs_among(c.progress_id, c.scheduled_at, readable)
    if unreadable:
        is_as_seen = or_(is_as_seen, and_(among(c.progress_id, unreadable), is_due(tx.tables, now)))
    return tx.connection.execute(
        update(tx.tables.progress)
        .where(
            # The ids alone give the range on the primary key; pairs alone may scan the table.
            among(c.progress_id, seen),
            is_as_seen,
            is_pending(tx.tables),
        )
        .values(scheduled_at=lease_until)
    ).rowcount


def give_back(
    tx: Transaction,
    seen: Mapping[int, datetime],
    *,
    lease_until: datetime,
) -> None:
    """Undo the claim of rows for which nothing was recorded: `seen` are their times before it."""
    c = tx.tables.progress.c
    tx.connection.execute(
        update(tx.tables.progress)
        .where(
            among(c.progress_id, seen),
            c.scheduled_at == lease_until,
            is_pending(tx.tables),
            c.queue_id.is_(None),
        )
        .values(scheduled_at=chosen_by(c.progress_id, seen, c.scheduled_at))
    )


def lock_held(tx: Transaction, leases: Mapping[int, datetime]) -> set[int]:
    """Lock those of the rows that wait and still have this lease; return their ids.

    `leases` are the ends of the leases by progress id.
    """
    c = tx.tables.progress.c
    query = select(c.progress_id).where(
        among(c.progress_id, leases),
        pairs_among(c.progress_id, c.scheduled_at, leases.items()),
        is_pending(tx.tables),
    )
    return set(tx.connection.scalars(locking(query, tx.tables.progress)).all())


def load_rows(tx: Transaction, progress_ids: Collection[int]) -> dict[int, Any]:
    """Return status, attempt and time of the rows that exist, by id."""
    c = tx.tables.progress.c
    query = select(c.progress_id, c.status, c.queue_id, c.scheduled_at).where(
        among(c.progress_id, progress_ids)
    )
    return {row[0]: row for row in tx.connection.execute(query)}


def record_attempts(tx: Transaction, queue_ids: Mapping[int, int]) -> None:
    """Make rows refer to the attempts that were just recorded; `queue_ids` are by progress id."""
    c = tx.tables.progress.c
    tx.connection.execute(
        update(tx.tables.progress)
        .where(among(c.progress_id, queue_ids))
        .values(queue_id=chosen_by(c.progress_id, queue_ids, c.queue_id))
    )


# Settle


@dataclass(frozen=True)
class Settlement:
    """What becomes of a row that a run held, and why.

    The run still holds it if the row refers to `attempt`, or has the run's own lease. `queue_id` is
    what the row refers to from now on; `sent_at` applies if it was sent.
    """

    progress_id: int
    attempt: int | None
    lease_until: datetime
    status: ProgressStatus
    scheduled_at: datetime
    queue_id: int | None
    sent_at: datetime
    left: bool  # the message left, or it is unknown
    reason: str


def settle(tx: Transaction, settlements: Sequence[Settlement]) -> None:
    """Give the rows that are still the run's their status, and their time back.

    A row whose message left, or may have, is settled whatever its status is; any other that was
    stopped meanwhile stays stopped.
    """
    c = tx.tables.progress.c
    sent = [one for one in settlements if one.status is ProgressStatus.SENT]
    unknown = [one for one in settlements if one.left and one.status is not ProgressStatus.SENT]
    others = [one for one in settlements if not one.left]
    if sent:
        # The row has its queue_id already, or lost it with the queue row.
        times = {one.progress_id: one.sent_at for one in sent}
        move = _settlement(tx.tables, sent)
        _write(tx, move.values(sent_at=chosen_by(c.progress_id, times, c.sent_at)))
    if unknown:
        _write(tx, _settlement(tx.tables, unknown))
    if others:
        kept = {one.progress_id: one.queue_id for one in others}
        move = _settlement(tx.tables, others).where(is_pending(tx.tables))
        _write(tx, move.values(queue_id=chosen_by(c.progress_id, kept, c.queue_id)))


def _write(tx: Transaction, move: Update) -> int:
    """Write another status to rows, even if their customer or segment is gone; return how many."""
    return past_missing_rows(tx.connection, lambda: tx.connection.execute(move).rowcount)


def _settlement(tables: Tables, settlements: Sequence[Settlement]) -> Any:
    c = tables.progress.c
    leases = [(one.progress_id, one.lease_until) for one in settlements]
    attempts = [(one.progress_id, one.attempt) for one in settlements if one.attempt]
    held = pairs_among(c.progress_id, c.scheduled_at, leases)
    if attempts:
        held = or_(pairs_among(c.progress_id, c.queue_id, attempts), held)
    times = {one.progress_id: one.scheduled_at for one in settlements}
    statuses = {one.progress_id: one.status.value for one in settlements}
    return (
        update(tables.progress)
        .where(among(c.progress_id, times), held)
        .values(
            scheduled_at=chosen_by(c.progress_id, times, c.scheduled_at),
            status=chosen_by(c.progress_id, statuses, c.status),
        )
    )


def forgotten(tables: Tables, sent: Mapping[int, datetime]) -> ColumnElement[bool]:
    """Return the condition that a row waits although its mail was accepted.

    `sent` has the times of acceptance (UTC) by progress id. A row created after that is a different
    one: a restored database assigns ids again.
    """
    c = tables.progress.c
    return and_(
        among(c.progress_id, sent),
        is_pending(tables),
        c.created_at <= chosen_by(c.progress_id, sent, c.created_at),
    )


def settle_forgotten(tx: Transaction, sent: Mapping[int, datetime]) -> int:
    """Mark rows that are `forgotten` as sent at the time of their mail; return how many."""
    c = tx.tables.progress.c
    remember = update(tx.tables.progress).where(forgotten(tx.tables, sent))
    return _write(
        tx,
        remember.values(
            status=ProgressStatus.SENT.value, sent_at=chosen_by(c.progress_id, sent, c.sent_at)
        ),
    )


# Enrol, stop, schedule again, prune


def enrol(
    tx: Transaction,
    step: Step,
    customers: Select[tuple[int]],
    *,
    now: datetime,
    due_at: datetime,
) -> None:
    """Schedule a step for `due_at` (UTC) for each customer whose id the query selects."""
    _insert(tx, step, customers, ProgressStatus.SCHEDULED, now, due_at, None)


def enrol_without_mail(
    tx: Transaction,
    step: Step,
    customers: Select[tuple[int]],
    *,
    now: datetime,
    queue_id: int,
) -> None:
    """Write a skipped row of a step for each customer whose id the query selects.

    `queue_id` is that of the reason.
    """
    _insert(tx, step, customers, ProgressStatus.SKIPPED, now, now, queue_id)


def _insert(
    tx: Transaction,
    step: Step,
    customers: Select[tuple[int]],
    status: ProgressStatus,
    now: datetime,
    due_at: datetime,
    queue_id: int | None,
) -> None:
    c, [customer_id] = tx.tables.progress.c, customers.selected_columns
    rows = customers.with_only_columns(
        customer_id,
        literal(step.segment.segment_id),
        literal(step.sequence_id),
        literal(step.step_number),
        literal(step.trigger.value),
        literal(status.value),
        literal(now, c.created_at.type),
        literal(due_at, c.scheduled_at.type),
        literal(queue_id, UInt),
    )
    columns = [
        "customer_id",
        "segment_id",
        "sequence_id",
        "step_number",
        "trigger_type",
        "status",
        "created_at",
        "scheduled_at",
        "queue_id",
    ]
    tx.connection.execute(insert(tx.tables.progress).from_select(columns, rows))


def forget_skipped(
    tx: Transaction, reasons: Collection[int], customers: Select[tuple[int]] | None = None
) -> None:
    """Delete the skipped rows that refer to these reasons (queue ids), of all or of some customers.

    Such a row says that a sequence waits: it starts now, or never.
    """
    c = tx.tables.progress.c
    rows = delete(tx.tables.progress).where(
        c.queue_id.in_(reasons), has_status(tx.tables, ProgressStatus.SKIPPED)
    )
    if customers is not None:
        rows = rows.where(c.customer_id.in_(customers))
    tx.connection.execute(rows)


@dataclass(frozen=True)
class NextRow:
    """The next row of a step that repeats, in the run that began at `created_at`."""

    customer_id: int
    step: Step
    trigger_type: str
    created_at: datetime
    scheduled_at: datetime


def schedule_next(tx: Transaction, rows: Sequence[NextRow]) -> None:
    """Insert the rows that follow settled ones, in the transaction that settles them."""
    values: list[Mapping[str, Any]] = [
        {
            "customer_id": row.customer_id,
            "segment_id": row.step.segment.segment_id,
            "sequence_id": row.step.sequence_id,
            "step_number": row.step.step_number,
            "trigger_type": row.trigger_type,
            "status": ProgressStatus.SCHEDULED.value,
            "created_at": row.created_at,
            "scheduled_at": row.scheduled_at,
        }
        for row in rows
    ]
    insert_rows(tx.connection, tx.tables.progress, values)


def stop(
    tx: Transaction,
    which: ColumnElement[bool],
    *,
    reason: str,
    now: datetime,
) -> int:
    """Skip the waiting rows that satisfy a condition, for a reason; return how many.

    The reason is written where every host finds it (`reasons`) and, after the commit, as a log line
    for each row: some ten statements for any number of rows. A row whose mail is on its way becomes
    `sent` all the same: it is settled by its attempt.
    """
    c, names = tx.tables.progress.c, [column.name for column in ENDED.c]
    chosen = select(*(c[name] for name in names)).where(which, is_pending(tx.tables))
    with ended_rows(tx.connection):
        stopped = tx.connection.execute(
            insert(ENDED).from_select(names, chosen.with_for_update())
        ).rowcount
        if stopped:
            _end(tx, reason, now)
            after_commit(tx.connection, lines_of_ended(tx.connection, reason))
    return stopped


def _end(tx: Transaction, reason: str, now: datetime) -> None:
    """Skip the rows in ENDED, which are locked."""
    c = tx.tables.progress.c
    untried = select(ENDED.c.sequence_id).where(ENDED.c.queue_id.is_(None)).distinct()
    steps = tx.connection.scalars(untried).all()
    reasons = find_reasons(tx, [(step, reason) for step in steps], now=now)
    by_step = {step: id_ for (step, _), id_ in reasons.items()}
    attempts = select(ENDED.c.queue_id).where(ENDED.c.queue_id.is_not(None))
    tell_of_attempts(tx, attempts, reason)
    told = chosen_by(c.sequence_id, by_step, c.queue_id) if by_step else c.queue_id
    _write(
        tx,
        update(tx.tables.progress)
        .where(c.progress_id == ENDED.c.progress_id)
        .values(status=ProgressStatus.SKIPPED.value, queue_id=func.coalesce(c.queue_id, told)),
    )


def schedule_failed_again(
    tx: Transaction, progress_ids: Collection[int], *, due_at: datetime
) -> int:
    """Schedule failed rows for `due_at` (UTC); return how many were still failed."""
    again = update(tx.tables.progress).where(
        tx.tables.progress.c.progress_id.in_(progress_ids),
        has_status(tx.tables, ProgressStatus.FAILED),
    )
    values = {"status": ProgressStatus.SCHEDULED.value, "scheduled_at": due_at}
    return _write(tx, again.values(values))


def prune(
    tx: Transaction,
    progress_ids: Collection[int],
    *,
    ended: datetime,
) -> int:
    """Delete rows that ended before `ended` (UTC); return how many.

    A row that was scheduled again since its id was read stays.
    """
    query = delete(tx.tables.progress).where(
        tx.tables.progress.c.progress_id.in_(progress_ids), ended_before(tx.tables, ended)
    )
    return tx.connection.execute(query).rowcount


def move_to_delay(
    tx: Transaction, step: Step, *, before_minutes: int, now: datetime
) -> tuple[int, int]:
    """Give a step's waiting rows the time for its new delay, counted from their creation.

    A repetition moves by as much as its first date: `before_minutes` is the former delay. A row
    whose new time is in the past is due now (UTC), and so not stale. A row whose mail was begun
    keeps its time. Returns how many rows moved, and how many of them are due now.
    """
    c = tx.tables.progress.c
    waiting = and_(
        is_of_step(tx.tables, step.sequence_id), is_pending(tx.tables), c.queue_id.is_(None)
    )
    repeated: Sequence[int] = ()
    if step.policy.repeat is not None:
        query = select(c.progress_id).where(waiting, is_repetition(tx.tables))
        repeated = tx.connection.scalars(query).all()
    firsts = and_(waiting, ~among(c.progress_id, repeated)) if repeated else waiting
    moved, due = _move(
        tx, firsts, minutes_after(tx.connection, c.created_at, step.delay_minutes), now
    )
    if repeated:
        again = and_(waiting, among(c.progress_id, repeated))
        delta = step.delay_minutes - before_minutes
        more, late = _move(tx, again, minutes_after(tx.connection, c.scheduled_at, delta), now)
        moved, due = moved + more, due + late
    return moved, due


def _move(
    tx: Transaction, waiting: ColumnElement[bool], wanted: ColumnElement[Any], now: datetime
) -> tuple[int, int]:
    late = wanted <= literal(now, UtcDateTime())
    due = tx.connection.scalar(select(func.count()).where(waiting, late)) or 0
    query = update(tx.tables.progress).where(waiting)
    moved = tx.connection.execute(
        query.values(
            scheduled_at=case(
                (late, literal(now, tx.tables.progress.c.scheduled_at.type)), else_=wanted
            )
        )
    ).rowcount
    return moved, int(due)
