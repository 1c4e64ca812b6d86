"""The numbers of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, tzinfo

from segmail.maho.progress import ProgressStatus
from segmail.maho.steps import Segment, Step
from segmail.report.lift import Lift
from segmail.report.revenue import Revenue
from segmail.report.window import Window


@dataclass(frozen=True)
class Counts:
    """Progress rows by status.

    `sent`, `failed` and `skipped` are those of the report's window; of the failed, `interrupted`
    may have arrived all the same. `scheduled` is everything that waits now; of it, `held` is due
    but its segment is switched off, `overdue` should have been sent an hour ago, `postponed` waits
    beyond its delay because of a rule or an earlier step, and `deferred` was tried and will be
    tried again.
    """

    sent: int = 0
    failed: int = 0
    interrupted: int = 0
    skipped: int = 0
    scheduled: int = 0
    held: int = 0
    overdue: int = 0
    postponed: int = 0
    deferred: int = 0

    @property
    def total_active(self) -> int:
        """Rows that were sent, failed or wait: SPEC's "total active"."""
        return self.sent + self.failed + self.scheduled


@dataclass(frozen=True)
class Ended:
    """How many rows of a status ended in the window for one reason."""

    status: ProgressStatus
    reason: str
    rows: int


@dataclass(frozen=True)
class Day:
    """What was sent on one day of the shop, by sequence id."""

    day: date
    sent: Mapping[int, int]


@dataclass(frozen=True)
class Coupons:
    """The automation's coupons made in the window; `used` and `expired` until now."""

    generated: int = 0
    used: int = 0
    expired: int = 0  # without having been used


@dataclass(frozen=True)
class StepActivity:
    """A step and its rows."""

    step: Step
    counts: Counts


@dataclass(frozen=True)
class SegmentActivity:
    """A segment, its steps, and the rows of all of them."""

    segment: Segment
    counts: Counts
    steps: tuple[StepActivity, ...]


@dataclass(frozen=True)
class Activity:
    """What happened in the window, and what waits.

    `days` are those of the time zone `zone`. `revenue` is None in a shop without Maho's sales
    tables, and if it was not asked for; `lift` has the segments that held customers out.
    """

    window: Window
    counts: Counts
    coupons: Coupons
    segments: tuple[SegmentActivity, ...]
    ended: tuple[Ended, ...] = ()
    days: tuple[Day, ...] = ()
    zone: tzinfo = UTC
    revenue: Revenue | None = None
    lift: tuple[Lift, ...] = ()


def add_up(counts: Iterable[Counts]) -> Counts:
    """Return the sum of `counts`."""
    every = list(counts)
    return Counts(**{f.name: sum(getattr(each, f.name) for each in every) for f in fields(Counts)})
