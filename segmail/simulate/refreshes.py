"""Refreshes segments when their members may change, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Select, literal, select

from segmail.clock import Clock
from segmail.errors import ConditionError
from segmail.maho.policies import NO_GROUP
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import leaves
from segmail.segments.refresh import (
    Candidate,
    Choice,
    Matching,
    Refreshed,
    RefreshOptions,
    refresh_segments,
)
from segmail.segments.refresh.candidates import choose
from segmail.simulate.moments import NOTHING_MOVES, Clockwork
from segmail.simulate.rhythm import Rhythm

_LIST = "list"
_SECOND = timedelta(seconds=1)


@dataclass
class _Watched:
    """A segment, what its members depend on, and when they may change next.

    `day` is what its SELECT says besides the bounds that move. `at` are the runs at which the clock
    may move somebody. If something else changes within the day, such as a list whose customers
    expire, `moves` is true and every run may change members. `is_touched`: rows that it reads, or
    that its sequence depends on, were written since its last refresh.
    """

    candidate: Candidate
    clockwork: Clockwork
    day: tuple[str, ...]
    at: set[datetime] = field(default_factory=set)
    moves: bool = False
    is_touched: bool = True
    ready: tuple[datetime, Select[Any]] | None = None  # its SELECT, made for a moment

    @cached_property
    def has_list(self) -> bool:
        """Whether its conditions contain a list of customers, each of whom may expire."""
        tree = read_conditions(self.candidate.conditions)
        return any(leaf.family == _LIST for leaf in leaves(tree))


class Refreshes:
    """The refreshes of a shop's segments in cron's rhythm, without those that change nothing."""

    def __init__(
        self,
        shop: Shop,
        clock: Clock,
        matching: Matching,
        options: RefreshOptions,
        rhythm: Rhythm,
    ) -> None:
        self._shop = shop
        self._clock = clock
        self._matching = matching
        self._options = options
        self._rhythm = rhythm
        self._watched: list[_Watched] = []
        self._until = clock.now()

    @property
    def segments(self) -> list[Candidate]:
        """The segments that cron would refresh, in cron's order."""
        return [one.candidate for one in self._watched]

    def begin_day(self, until: datetime) -> None:
        """Look ahead to `until`; until then no day begins anywhere."""
        now, self._until = self._clock.now(), until
        at = self._rhythm.refresh_at(now)
        known = {one.candidate.id: one for one in self._watched}
        with self._shop.read() as tx:
            found = choose(tx, Choice(), now=now)
            self._watched = [self._watch(tx, one, at, known.get(one.id)) for one in found]
        for one in self._watched:
            self._look_ahead(one)

    def _watch(
        self, tx: Transaction, candidate: Candidate, at: datetime, before: _Watched | None
    ) -> _Watched:
        def select_at(moment: datetime) -> Select[Any]:
            return self._matching(tx, candidate, moment)

        one = before
        try:
            if one is None or one.candidate.conditions != candidate.conditions:
                one = _Watched(candidate, Clockwork.of(select_at, at), ())
            one.candidate = candidate
            one.ready = at, select_at(at)
            day = one.clockwork.day_of(one.ready[1])
            if day != one.day:
                one.day = day
                one.at.add(at)
            if before is None or one.has_list:  # hours are alike each day, lists are not
                evening = one.clockwork.day_of(select_at(max(at, self._until - _SECOND)))
                one.moves = one.clockwork.is_always_moving or evening != day
        except ConditionError:  # reported by its refresh
            return one or _Watched(candidate, NOTHING_MOVES, ())
        return one

    def touch(self, *tables: str) -> None:
        """Note that rows of these tables were written."""
        for one in self._watched:
            if not one.clockwork.tables.isdisjoint(tables):
                one.is_touched = True

    def touch_all(self) -> None:
        """Note that a customer did something: every segment may be concerned, and every goal."""
        for one in self._watched:
            one.is_touched = True
            self._look_ahead(one)

    def rows_ended(self) -> None:
        """Note that steps were sent or skipped: customers who waited for that may go on."""
        progress = self._shop.tables.progress.name
        for one in self._watched:
            if progress in one.clockwork.tables or one.candidate.policy.group != NO_GROUP:
                one.is_touched = True

    def next(self, earliest: datetime) -> datetime | None:
        """Return the next of cron's runs, `earliest` or later, that may change something."""
        if any(one.is_touched or one.moves for one in self._watched):
            return earliest
        times = (max(earliest, min(one.at)) for one in self._watched if one.at)
        return min(times, default=None)

    def run(self) -> Iterator[Refreshed]:
        """Do what one run of `refresh-segments` does now, and return what changed."""
        now = self._clock.now()
        member = self._shop.tables.member.name
        for one in self._watched:
            is_due = one.moves or any(moment <= now for moment in one.at)
            one.at = {moment for moment in one.at if moment > now}
            if not (one.is_touched or (is_due and self._changes(one))):
                continue
            one.is_touched = False
            [done] = self._refresh(one.candidate)
            if done.entered or done.left:
                self.touch(member)
            if done.enrolled or done.stopped or done.ordered:
                self.rows_ended()
            yield done

    def _refresh(self, candidate: Candidate) -> list[Refreshed]:
        return refresh_segments(
            self._shop,
            Choice(names=(str(candidate.id),)),
            self._options,
            clock=self._clock,
            matching=self._matching,
        )

    def _changes(self, one: _Watched) -> bool:
        """Return whether the conditions match others than the present members."""
        now = self._clock.now().replace(microsecond=0)
        m = self._shop.tables.member.c
        members = select(m.customer_id).where(m.segment_id == one.candidate.id)
        with self._shop.read() as tx:
            if one.ready and one.ready[0] == now:
                matched = one.ready[1]
            else:
                matched = self._matching(tx, one.candidate, now)
            ids = select(matched.subquery())
            for differ in (ids.except_(members), members.except_(ids)):
                if tx.connection.scalar(select(literal(1)).select_from(differ.subquery()).limit(1)):
                    return True
        return False

    def _look_ahead(self, one: _Watched) -> None:
        now = self._clock.now()
        with self._shop.read() as tx:
            for bound in one.clockwork.bounds:
                for moment in bound.moments(tx.connection, now - _SECOND, self._until):
                    # At the bound itself one comparison changes its result, a second later another.
                    one.at |= {self._rhythm.refresh_at(it) for it in (moment, moment + _SECOND)}
