"""Reads what `status` shows, with a number of statements that does not grow with the rows.

No finished progress row is read: waiting rows are found by the index of pending rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import case, func, select

from segmail.jobs.record import JobRecord, load_records
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import Switch, automation_switch, maho_sends
from segmail.maho.cron import RECENTLY, SENDS, mahos_own_entry
from segmail.maho.open_attempts import load_open_attempts
from segmail.maho.progress import along_pending, is_pending_in, is_postponed
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step, load_segments, load_steps
from segmail.settings import Settings

_CLAIMED_MINUTES = 20


@dataclass(frozen=True)
class SegmentStatus:
    """A segment's waiting rows, and when its members were last determined; times in UTC.

    `due` rows should have been sent by now; if the segment does not send, they are held. `deferred`
    rows were tried and wait for another try; `postponed` rows wait for longer than their step's
    delay, without a try: an earlier step was late, or a store has no base URL.
    """

    segment_id: int
    name: str
    sends: bool
    scheduled: int
    due: int
    deferred: int
    postponed: int
    oldest_due: datetime | None
    next_due: datetime | None
    refreshed_at: datetime | None
    refresh_status: str | None

    @property
    def held(self) -> int:
        return 0 if self.sends else self.due

    @property
    def backlog(self) -> int:
        return self.due if self.sends else 0


@dataclass(frozen=True)
class AutomationStatus:
    """Everything that `status` shows; `now` in UTC.

    `switch` decides whether the jobs may run, `maho_sends` is whether Maho's own job may, too, and
    `maho_ran` is when its cron last ran it, or will, if that is recent and the settings allow it.
    Some of the `open_attempts` are under way; `stuck_attempts` are past their lease and grace.
    `not_upgraded` is why an older version than the checkout's runs. `maintenance` is the file that
    keeps the jobs from running, and when it was made.
    """

    now: datetime
    switch: Switch
    maho_sends: bool
    maho_ran: datetime | None
    open_attempts: int
    stuck_attempts: int
    not_upgraded: str | None
    segments: tuple[SegmentStatus, ...]
    jobs: tuple[JobRecord, ...]
    maintenance: tuple[Path, datetime] | None = None

    @property
    def hosts(self) -> list[str]:
        """The machines that have ever run a job."""
        return sorted({record.host for record in self.jobs})

    @property
    def oldest_due(self) -> datetime | None:
        """When the oldest row that should have been sent was due."""
        return min((s.oldest_due for s in self.segments if s.sends and s.oldest_due), default=None)

    @property
    def next_due(self) -> datetime | None:
        """When the next row of a segment that sends will be due."""
        return min((s.next_due for s in self.segments if s.sends and s.next_due), default=None)


def collect_status(
    shop: Shop, config: StoreConfig, settings: Settings, *, now: datetime
) -> AutomationStatus:
    """Return how the automation stands at `now` (UTC)."""
    with shop.read() as tx:
        steps = load_steps(tx)
        with_steps = {step.segment.segment_id for step in steps}
        segments = [s for s in load_segments(tx) if s.segment_id in with_steps]
        attempts, delivery = load_open_attempts(tx), settings.delivery
        patience = timedelta(minutes=delivery.lease_minutes + delivery.grace_minutes)
        sends = maho_sends(config, jobs_have_switches=not dates_are_timestamps(tx))
        return AutomationStatus(
            now=now,
            switch=automation_switch(config, settings.enabled),
            maho_sends=sends,
            maho_ran=_maho_ran(tx, now=now) if sends else None,
            open_attempts=len(attempts),
            stuck_attempts=sum(one.is_stuck(now - patience) for one in attempts),
            not_upgraded=settings.not_upgraded,
            segments=tuple(_segments(tx, segments, steps, now=now)),
            jobs=tuple(load_records(tx, settings.state_dir)),
            maintenance=_maintenance(settings),
        )


def _maintenance(settings: Settings) -> tuple[Path, datetime] | None:
    if (flag := settings.maintenance_flag) is None:
        return None
    try:
        return flag, datetime.fromtimestamp(flag.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None  # removed just now


def _segments(
    tx: Transaction, segments: Sequence[Segment], steps: Sequence[Step], *, now: datetime
) -> list[SegmentStatus]:
    ids = [segment.segment_id for segment in segments]
    waiting = _waiting(tx, ids, steps, now=now)
    s = tx.tables.segment.c
    refreshes = {
        row.segment_id: row
        for row in tx.connection.execute(
            select(s.segment_id, s.last_refresh_at, s.refresh_status).where(s.segment_id.in_(ids))
        )
    }
    return [
        SegmentStatus(
            segment_id=segment.segment_id,
            name=segment.name,
            sends=segment.sends,
            refreshed_at=refreshes[segment.segment_id].last_refresh_at,
            refresh_status=refreshes[segment.segment_id].refresh_status,
            **waiting[segment.segment_id],
        )
        for segment in segments
    ]


def _maho_ran(tx: Transaction, *, now: datetime) -> datetime | None:
    return mahos_own_entry(tx, SENDS, since=now - RECENTLY)


def _waiting(
    tx: Transaction, segment_ids: Sequence[int], steps: Sequence[Step], *, now: datetime
) -> Mapping[int, dict[str, Any]]:
    """Return, by segment id, what waits, as keyword arguments of `SegmentStatus`."""
    found: defaultdict[int, dict[str, Any]] = defaultdict(
        lambda: {
            "scheduled": 0,
            "due": 0,
            "deferred": 0,
            "postponed": 0,
            "oldest_due": None,
            "next_due": None,
        }
    )
    c = tx.tables.progress.c
    due = c.scheduled_at <= now
    query = (
        select(
            c.segment_id,
            due.label("is_due"),
            func.count(),
            func.count(c.queue_id),
            func.min(c.scheduled_at),
            func.sum(case((is_postponed(tx.tables, steps, now=now), 1), else_=0)),
        )
        .where(is_pending_in(tx.tables, segment_ids))
        .group_by(c.segment_id, due)
    )
    rows = tx.connection.execute(along_pending(tx, query))
    for segment_id, is_due, number, tried, first, postponed in rows:
        segment = found[segment_id]
        segment["scheduled"] += number
        segment["deferred"] += tried
        segment["postponed"] += int(postponed)
        segment["due"] += number if is_due else 0
        segment["oldest_due" if is_due else "next_due"] = first
    return found
