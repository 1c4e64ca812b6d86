"""What happened in a simulation, stored in a table of its copy, so that memory does not grow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    exists,
    insert,
    literal,
    select,
)

from segmail.delivery.rows.outcome import Outcome, Status
from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.progress import TRIGGERS, ProgressStatus
from segmail.maho.reasons import read_back
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

PLAYED = Table(
    "segmail_played",
    MetaData(),
    Column("played_id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("day", Integer, nullable=False),  # of the simulation; the first is 1
    Column("customer_id", Integer, nullable=False),
    Column("segment_id", Integer, nullable=False),
    Column("sequence_id", Integer, nullable=False),
    Column("progress_id", Integer, nullable=False),
    # Values of the row, which a cleanup may have deleted when the simulation is reported.
    Column("trigger_type", String(10)),
    Column("step_number", Integer),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text),
    Column("queue_id", Integer),
    Column("coupon_code", String(255)),
    Index(None, "customer_id", "at"),
    Index(None, "progress_id"),
)

BEFORE = "before"  # the outcome of rows that had ended when the simulation began
_PAGE = 2_000
_ENDED = (ProgressStatus.SKIPPED.value, BEFORE)
_POSTPONED = "postponed"  # the outcome of rows that a rule moves to a later time


class Record:
    """Records what becomes of rows, each end once."""

    def __init__(self, shop: Shop, *, start: datetime, zone: tzinfo) -> None:
        self._shop = shop
        self._start = start
        self._zone = zone
        self.first_day = start.astimezone(zone).date()
        shop.database.transact(PLAYED.metadata.create_all)
        shop.transact(self._note_ended_before)

    def day(self, moment: datetime) -> int:
        """Return the day of the simulation at a moment, by the shop's clock."""
        return (moment.astimezone(self._zone).date() - self.first_day).days + 1

    def outcomes(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Record what a run did with rows."""
        self._write(
            [
                self._row(
                    now,
                    one.row.customer_id,
                    one.row.step.segment.segment_id,
                    one.row.step.sequence_id,
                    one.row.progress_id,
                    (one.row.trigger_type, one.row.step.step_number),
                    _outcome(one),
                    reason=None if one.status is Status.SENT else one.reason,
                    queue_id=one.queue_id,
                    coupon_code=one.coupon_code,
                )
                for one in outcomes
                if one.status is not Status.RELEASED or one.retry_at is not None
            ]
        )

    def ended(self, segment_ids: Collection[int], *, now: datetime) -> None:
        """Record the rows that a refresh ended: skipped rows that are not recorded yet."""
        p, q = self._shop.tables.progress, self._shop.tables.queue
        known = exists().where(
            PLAYED.c.progress_id == p.c.progress_id, PLAYED.c.outcome.in_(_ENDED)
        )
        query = (
            select(p, q.c.newsletter_subject)
            .join_from(p, q, q.c.queue_id == p.c.queue_id, isouter=True)
            .where(
                p.c.segment_id.in_(segment_ids),
                p.c.trigger_type.in_(TRIGGERS),
                p.c.status == ProgressStatus.SKIPPED.value,
                ~known,
            )
        )
        with self._shop.read() as tx:
            rows = tx.connection.execute(query).all()
        self._write(
            [
                self._row(
                    now,
                    row.customer_id,
                    row.segment_id,
                    row.sequence_id,
                    row.progress_id,
                    (row.trigger_type, row.step_number),
                    row.status,
                    reason=read_back(row.newsletter_subject),
                )
                for row in rows
            ]
        )

    def _note_ended_before(self, tx: Transaction) -> None:
        """Record what had ended before, so that it is not reported as played."""
        p = tx.tables.progress.c
        ended = select(
            literal(self._start, UtcDateTime()),
            literal(0),
            p.customer_id,
            p.segment_id,
            p.sequence_id,
            p.progress_id,
            literal(BEFORE),
        ).where(p.status == ProgressStatus.SKIPPED.value)
        names = [
            "at", "day", "customer_id", "segment_id", "sequence_id", "progress_id", "outcome",
        ]  # fmt: skip
        tx.connection.execute(insert(PLAYED).from_select(names, ended))

    def _row(
        self,
        now: datetime,
        customer_id: int,
        segment_id: int,
        sequence_id: int,
        progress_id: int,
        step: tuple[str, int],
        outcome: str,
        *,
        reason: str | None,
        queue_id: int | None = None,
        coupon_code: str | None = None,
    ) -> dict[str, Any]:
        return {
            "at": now,
            "day": self.day(now),
            "customer_id": customer_id,
            "segment_id": segment_id,
            "sequence_id": sequence_id,
            "progress_id": progress_id,
            "trigger_type": step[0],
            "step_number": step[1],
            "outcome": outcome,
            "reason": reason,
            "queue_id": queue_id,
            "coupon_code": coupon_code,
        }

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._shop.database.transact(lambda c: c.execute(insert(PLAYED), rows))


def _outcome(one: Outcome) -> str:
    return _POSTPONED if one.status is Status.RELEASED else one.status.value


@dataclass(frozen=True)
class PlayedRow:
    """What became of a step for a customer at a moment, in the words of the history."""

    at: datetime
    day: int
    customer_id: int
    email: str | None
    segment_id: int
    segment: str
    step: str  # SEGMENT:TRIGGER:NUMBER
    outcome: str
    reason: str | None
    subject: str | None
    coupon_code: str | None

    @property
    def is_sent(self) -> bool:
        """Whether it is a mail that was sent."""
        return self.outcome == Status.SENT.value


def played_rows(shop: Shop, *, customer_ids: Collection[int] | None = None) -> Iterator[PlayedRow]:
    """Yield what was played, in order of time, page by page, so that memory does not grow."""
    after = 0
    p, query = PLAYED.c, _played(shop.tables)
    if customer_ids is not None:
        query = query.where(p.customer_id.in_(customer_ids))
    query = query.order_by(p.played_id).limit(_PAGE)
    while True:
        with shop.read() as tx:
            page = tx.connection.execute(query.where(p.played_id > after)).all()
        for row in page:
            after = row.played_id
            label = f"{row.segment}:{row.trigger_type}:{row.step_number}"
            yield PlayedRow(
                at=row.at,
                day=row.day,
                customer_id=row.customer_id,
                email=row.email,
                segment_id=row.segment_id,
                segment=row.segment or "",
                step=label,
                outcome=row.outcome,
                reason=row.reason,
                subject=row.newsletter_subject,
                coupon_code=row.coupon_code,
            )
        if len(page) < _PAGE:
            return


def _played(tables: Tables) -> Select[Any]:
    p = PLAYED
    return (
        select(
            p,
            tables.customer.c.email,
            tables.segment.c.name.label("segment"),
            tables.queue.c.newsletter_subject,
        )
        .join_from(p, tables.customer, tables.customer.c.entity_id == p.c.customer_id, isouter=True)
        .outerjoin(tables.segment, tables.segment.c.segment_id == p.c.segment_id)
        .outerjoin(tables.queue, tables.queue.c.queue_id == p.c.queue_id)
        .where(p.c.outcome != BEFORE)
    )
