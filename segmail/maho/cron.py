"""Maho's `cron_schedule`: what `./maho cron:history`, the admin grid and SPEC's queries show.

A row that segmail writes has one of Maho's job codes, is never `pending` (Maho would run it), and
has `messages` that begin with `segmail `, which distinguishes it from Maho's own. The table belongs
to Maho's cron: a shop may lack it, so it is not among the tables that segmail needs.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    inspect,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Row

from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.schema.tables import hold_as_timestamps
from segmail.maho.schema.transaction import Transaction

OURS = "segmail "  # what `messages` of segmail's rows begin with

SENDS = "customersegmentation_process_emails"  # Maho's own job that sends what segmail sends
# Maho's cron schedules jobs minutes ahead, and runs that one every five.
RECENTLY = timedelta(hours=2)

_MOST_CHARACTERS = 10_000  # of the column's 65,535 bytes


class CronStatus(enum.StrEnum):
    """`cron_schedule.status`: the values that segmail writes."""

    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"


@cache
def cron_table(prefix: str, timestamps: frozenset[tuple[str, str]] = frozenset()) -> Table:
    """Return the table as Maho declares it, with the shop's prefix.

    `timestamps` are the columns that are TIMESTAMP, each with its table.
    """
    table = Table(
        f"{prefix}cron_schedule",
        MetaData(),
        Column("schedule_id", Integer, primary_key=True),
        Column("job_code", String(255), nullable=False),
        Column("status", String(7), nullable=False),
        Column("messages", Text),
        Column("created_at", UtcDateTime, nullable=False),
        Column("scheduled_at", UtcDateTime),
        Column("executed_at", UtcDateTime),
        Column("finished_at", UtcDateTime),
        Index("IDX_CRON_SCHEDULE_JOB_CODE", "job_code"),
        Index("IDX_CRON_SCHEDULE_SCHEDULED_AT_STATUS", "scheduled_at", "status"),
    )
    hold_as_timestamps(table, timestamps)
    return table


def has_cron_table(tx: Transaction) -> bool:
    """Return whether the shop has Maho's cron table."""
    return inspect(tx.connection).has_table(_table(tx).name)


def _table(tx: Transaction) -> Table:
    return cron_table(tx.tables.prefix, tx.tables.timestamps)


def mahos_own_entry(tx: Transaction, job_code: str, *, since: datetime) -> datetime | None:
    """Return when Maho's own row of a job last ran, or is to run (UTC): the latest since a time.

    None if there is none: Maho's cron does not run this job, or the shop has no cron.
    """
    if not has_cron_table(tx):
        return None
    c = _table(tx).c
    moment = func.coalesce(c.executed_at, c.scheduled_at)
    query = select(func.max(moment)).where(
        c.job_code == job_code,
        or_(c.messages.is_(None), not_(c.messages.startswith(OURS, autoescape=True))),
        moment >= since,
    )
    found = tx.connection.scalar(query)
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def begin_entry(tx: Transaction, job_code: str, *, message: str, now: datetime) -> int:
    """Insert a running row and return its id; `now` in UTC, as Maho writes it."""
    row = {
        "job_code": job_code,
        "status": CronStatus.RUNNING.value,
        "messages": f"{OURS}{message}"[:_MOST_CHARACTERS],
        "created_at": now,
        "scheduled_at": now,
        "executed_at": now,
    }
    key = tx.connection.execute(insert(_table(tx)), row).inserted_primary_key
    return int(key[0]) if key else 0


def end_entry(
    tx: Transaction,
    schedule_id: int,
    status: CronStatus,
    *,
    message: str,
    now: datetime,
) -> None:
    """Write how the run recorded in segmail's row ended."""
    table = _table(tx)
    tx.connection.execute(
        update(table)
        .where(table.c.schedule_id == schedule_id)
        .values(
            status=status.value, messages=f"{OURS}{message}"[:_MOST_CHARACTERS], finished_at=now
        )
    )


def running_entries(tx: Transaction, job_code: str) -> Sequence[Row[int, str, datetime]]:
    """Return (schedule_id, messages, executed_at) of segmail's unfinished rows of a job."""
    table = _table(tx)
    query = select(table.c.schedule_id, table.c.messages, table.c.executed_at).where(
        table.c.job_code == job_code,
        table.c.status == CronStatus.RUNNING.value,
        table.c.messages.startswith(OURS, autoescape=True),
    )
    return tx.connection.execute(query).all()


def delete_old_entries(tx: Transaction, job_code: str, *, before: datetime) -> None:
    """Delete segmail's own ended rows of a job that began before a time (UTC)."""
    table = _table(tx)
    tx.connection.execute(
        delete(table).where(
            table.c.job_code == job_code,
            table.c.status != CronStatus.RUNNING.value,
            table.c.messages.startswith(OURS, autoescape=True),
            table.c.executed_at < before,
        )
    )
