"""Plays days of a shop: refreshes, mails, cleanups and what customers do, each at its time.

The rooms that cron runs do the work; only moments at which something can change are played. Nobody
else may work on the shop: it is a copy, or the demo's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise

from segmail.clock import StandingClock
from segmail.delivery.job import Job, Options
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.janitor import (
    coupon_cleanup_days,
    delete_expired_coupons,
    delete_old_progress,
    progress_cleanup_days,
)
from segmail.maho.config.time_zones import load_website_zones, time_zone
from segmail.segments.refresh import Refreshed, RefreshOptions, sweep_up
from segmail.simulate.events import Event, happen
from segmail.simulate.record import Record
from segmail.simulate.refreshes import Refreshes
from segmail.simulate.repeated import RepeatedRuns
from segmail.simulate.rhythm import Rhythm
from segmail.transport.recorder import Transport

_SECOND = timedelta(seconds=1)


@dataclass
class Moves:
    """The total of what refreshes did with the customers of a segment."""

    entered: int = 0
    left: int = 0
    enrolled: int = 0
    stopped: int = 0
    not_enrolled: Counter[str] = field(default_factory=Counter)

    @property
    def anybody(self) -> bool:
        """Whether anybody moved at all."""
        return bool(self.entered or self.left or self.enrolled or self.stopped)

    def add(self, one: Refreshed) -> None:
        """Add one refresh."""
        self.entered += one.entered
        self.left += one.left
        self.enrolled += one.enrolled
        self.stopped += one.stopped + one.ordered
        self.not_enrolled.update(one.not_enrolled)


@dataclass
class Played:
    """What happened, besides the rows in the `Record`.

    `first` is what the first refresh did; `faults` are the refreshes that failed or wait for a
    person, by segment id. `moments` counts what was played.
    """

    start: datetime
    until: datetime
    first_day: date  # by the shop's clock
    moves: dict[tuple[int, int], Moves] = field(default_factory=dict)  # by day and segment id
    first: dict[int, Refreshed] = field(default_factory=dict)
    first_at: datetime | None = None
    faults: dict[int, str] = field(default_factory=dict)
    cleaned: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Course:
    """What is played: from when to when, what customers do meanwhile, and how often jobs run.

    With `whole`, each refresh asks everybody: it takes longer and finds the same.
    """

    start: datetime
    until: datetime
    events: Sequence[Event] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    refresh: RefreshOptions = field(default_factory=RefreshOptions)
    whole: bool = False


class Player:
    """Plays a course on a shop and moves the job's clock on."""

    def __init__(
        self, job: Job, clock: StandingClock, course: Course, record: Record, transport: Transport
    ) -> None:
        self._job = job
        self._clock = clock
        self._course = course
        self._record = record
        self._events = sorted(course.events, key=lambda event: event.at)
        self._runs = RepeatedRuns(job, Options(limit=course.rhythm.limit, connections=1), transport)
        self._refreshes = Refreshes(
            job.shop, clock, course.refresh, course.rhythm, whole=course.whole
        )
        self._played = Played(course.start, course.until, record.first_day)
        self._must_sweep = True
        self._refresh_from = self._send_from = course.start
        self._cleanup_at = self._cleanups_after(course.start)

    def play(self, *, on_day: Callable[[], None] = lambda: None) -> Played:
        """Play all of it and return what happened; `on_day` is called for each day that is over."""
        try:
            for begin, end in self._days():
                self._clock.put(begin)
                self._refreshes.begin_day(end)
                self._runs.look_again()
                self._until(end)
                if self._record.day(end) != self._record.day(begin):
                    on_day()
        finally:
            self._runs.close()
        return self._played

    def _days(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans in which no day begins in any website's zone."""
        course = self._course
        with self._job.shop.read() as tx:
            zones = {time_zone(name) for name in load_website_zones(tx).values()}
        bounds = {course.start, course.until}
        for zone in zones:
            day = course.start.astimezone(zone).date()
            while (day := day + timedelta(days=1)) <= course.until.astimezone(zone).date():
                bounds.add(datetime.combine(day, time(), zone).astimezone(UTC))
        ordered = sorted(bound for bound in bounds if course.start <= bound <= course.until)
        yield from pairwise(ordered)

    def _until(self, end: datetime) -> None:
        """Play what happens before `end`, one moment after the other."""
        while (moment := self._next()) is not None and moment < end:
            self._clock.put(moment)
            self._played.moments["played"] += 1
            self._happen()
            self._clean_up()
            self._refresh()
            self._send()

    def _next(self) -> datetime | None:
        """Return the next moment at which something can change."""
        due, rhythm, now = self._runs.next_due(), self._course.rhythm, self._clock.now()
        found = [
            self._events[0].at if self._events else None,
            min(self._cleanup_at),
            self._refreshes.next(rhythm.refresh_at(max(now, self._refresh_from))),
            None if due is None else rhythm.send_at(max(due, now, self._send_from)),
        ]
        return min((moment for moment in found if moment is not None), default=None)

    def _happen(self) -> None:
        now, happened = self._clock.now(), set[int]()
        while self._events and self._events[0].at <= now:
            event = self._events.pop(0)
            self._job.shop.transact(partial(happen, event=event))
            happened.add(event.customer_id)
        if happened:
            self._refreshes.touch_all(happened)
            self._must_sweep = True
            self._runs.look_again()

    def _clean_up(self) -> None:
        """Run the cleanups whose hour has come; their deletions change nobody's membership."""
        now, shop, config = self._clock.now(), self._job.shop, self._job.config
        progress, coupons = self._cleanup_at
        if progress <= now:
            days = progress_cleanup_days(config)
            self._played.cleaned["progress"] += delete_old_progress(shop, days=days, now=now)
        if coupons <= now:
            days = coupon_cleanup_days(config)
            self._played.cleaned["coupons"] += delete_expired_coupons(shop, days=days, now=now)
        self._cleanup_at = self._cleanups_after(now)

    def _cleanups_after(self, moment: datetime) -> tuple[datetime, datetime]:
        progress, coupons = self._course.rhythm.cleanups
        after = self._course.rhythm.cleanup_after
        return after(moment, progress), after(moment, coupons)

    def _refresh(self) -> None:
        now = self._clock.now()
        at = self._course.rhythm.refresh_at(max(now, self._refresh_from))
        if at != now or self._refreshes.next(at) != now:
            return
        self._refresh_from = now + _SECOND
        self._played.moments["refreshed"] += 1
        ids = [candidate.id for candidate in self._refreshes.segments]
        if self._must_sweep or self._course.whole:  # nobody else unsubscribes, or deletes accounts
            self._must_sweep = False
            if sweep_up(self._job.shop, now=now).unsubscribed:
                self._record.ended(ids, now=now)
        is_first = self._played.first_at is None
        self._played.first_at = self._played.first_at or now
        for one in self._refreshes.run():
            self._count(one, is_first=is_first)
            if one.stopped or one.ordered or one.enrolled:
                self._record.ended(ids, now=now)

    def _count(self, one: Refreshed, *, is_first: bool) -> None:
        key = self._record.day(self._clock.now()), one.segment_id
        self._played.moves.setdefault(key, Moves()).add(one)
        if is_first:
            self._played.first[one.segment_id] = one
        if one.exit_code and one.reason:
            self._played.faults[one.segment_id] = one.reason

    def _send(self) -> None:
        now, due = self._clock.now(), self._runs.next_due()
        if due is None or due > now or now < self._send_from:
            return
        if self._course.rhythm.send_at(now) != now:
            return
        self._send_from = now + _SECOND
        self._played.moments["mailed"] += 1

        def settled(outcomes: Sequence[Outcome]) -> None:
            self._record.outcomes(outcomes, now=now)
            ended = {it.row.customer_id for it in outcomes if it.status is not Status.RELEASED}
            if ended:
                self._refreshes.rows_ended(ended)

        self._runs.send(on_outcomes=settled)
