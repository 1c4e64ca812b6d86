"""Refreshes segments when their members may change, and only then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.exc import SQLAlchemyError

from segmail.clock import Clock
from segmail.errors import ConditionError, SegmailError
from segmail.maho.db.value_lists import among
from segmail.maho.policies import NO_GROUP
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import leaves
from segmail.segments.refresh import (
    Candidate,
    Choice,
    Refreshed,
    RefreshOptions,
    refresh_segments,
)
from segmail.segments.refresh.asking import Polled
from segmail.segments.refresh.candidates import choose
from segmail.segments.refresh.order import in_order
from segmail.simulate.matching import ShopConditions
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
    that its sequence depends on, were written since its last refresh. `asks` are the customers
    whose answer these rows, or the day, may have changed since `looked_at`; None: everybody.
    """

    candidate: Candidate
    clockwork: Clockwork
    day: tuple[str, ...]
    at: set[datetime] = field(default_factory=set)
    moves: bool = False
    is_touched: bool = True
    asks: set[int] | None = None
    looked_at: datetime | None = None
    ready: tuple[datetime, Select[Any]] | None = None  # its SELECT, made for a moment

    def touch(self, customer_ids: Collection[int] | None) -> None:
        """Note that rows of these customers (None: any) were written."""
        self.is_touched = True
        if customer_ids is None:
            self.asks = None
        elif self.asks is not None:
            self.asks.update(customer_ids)

    @cached_property
    def has_list(self) -> bool:
        """Whether its conditions contain a list of customers, each of whom may expire."""
        tree = read_conditions(self.candidate.conditions)
        return any(leaf.family == _LIST for leaf in leaves(tree))


@dataclass(frozen=True)
class _Known:
    """Asks those of whom it is known that they enter or leave; nobody else does."""

    ids: frozenset[int]

    def whom(
        self,
        _tx: Transaction,
        _candidate: Candidate,
        _everybody: Callable[[], Select[Any]],
        *,
        enrolling: str,
        now: datetime,
    ) -> Polled:
        return Polled(self.ids)


class Refreshes:
    """The refreshes of a shop's segments in cron's rhythm, without those that change nothing.

    A refresh asks only the customers who are found to enter or leave. They are sought among all
    customers once a day, and within the day among those who did something, or whose hour has come.
    With `whole`, each refresh asks everybody, as it would without that knowledge.
    """

    def __init__(
        self,
        shop: Shop,
        clock: Clock,
        options: RefreshOptions,
        rhythm: Rhythm,
        *,
        whole: bool = False,
    ) -> None:
        self._shop = shop
        self._clock = clock
        self._conditions = ShopConditions()
        self._options = options
        self._rhythm = rhythm
        self._whole = whole
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
            found, _ = in_order(tx, choose(tx, Choice(), now=now))
            self._watched = [self._watch(tx, one, at, known.get(one.id)) for one in found]
        for one in self._watched:
            self._look_ahead(one)

    def _watch(
        self, tx: Transaction, candidate: Candidate, at: datetime, before: _Watched | None
    ) -> _Watched:
        def select_at(moment: datetime) -> Select[Any]:
            return self._conditions.matching(tx, candidate, moment)

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
                one.asks = None
            if before is None or one.has_list:  # hours are alike each day, lists are not
                evening = one.clockwork.day_of(select_at(max(at, self._until - _SECOND)))
                one.moves = one.clockwork.is_always_moving or evening != day
        except ConditionError:  # reported by its refresh
            return one or _Watched(candidate, NOTHING_MOVES, ())
        return one

    def touch_all(self, customer_ids: Collection[int]) -> None:
        """Note that customers did something: every segment may be concerned, and every goal."""
        for one in self._watched:
            one.touch(customer_ids)
            self._look_ahead(one)

    def rows_ended(self, customer_ids: Collection[int] | None) -> None:
        """Note that steps were sent or skipped: customers who waited for that may go on."""
        progress = self._shop.tables.progress.name
        for one in self._watched:
            if progress in one.clockwork.tables:
                one.touch(customer_ids)
            elif one.candidate.policy.group != NO_GROUP:
                one.touch(())

    def next(self, earliest: datetime) -> datetime | None:
        """Return the next of cron's runs, `earliest` or later, that may change something."""
        if any(one.is_touched or one.moves for one in self._watched):
            return earliest
        times = (max(earliest, min(one.at)) for one in self._watched if one.at)
        return min(times, default=None)

    def run(self) -> Iterator[Refreshed]:
        """Do what one run of `refresh-segments` does now, and return what changed."""
        now = self._clock.now()
        for one in self._watched:
            is_due = one.moves or any(moment <= now for moment in one.at)
            one.at = {moment for moment in one.at if moment > now}
            if not (one.is_touched or is_due):
                continue
            differ = self._differing(one)
            one.looked_at, one.asks = now, set()
            if not one.is_touched and not differ and differ is not None:
                continue
            one.is_touched = False
            [done] = self._refresh(one.candidate, differ)
            if done.entered or done.left:
                self._members_changed(differ)
            if done.enrolled or done.stopped or done.ordered:
                self.rows_ended(None)
            yield done

    def _refresh(self, candidate: Candidate, differ: frozenset[int] | None) -> list[Refreshed]:
        return refresh_segments(
            self._shop,
            Choice(names=(str(candidate.id),)),
            self._options,
            clock=self._clock,
            matching=self._conditions.matching,
            asking=None if differ is None or self._whole else _Known(differ),
        )

    def _members_changed(self, customer_ids: Collection[int] | None) -> None:
        member = self._shop.tables.member.name
        for one in self._watched:
            if member in one.clockwork.tables:
                one.touch(customer_ids)

    def _differing(self, one: _Watched) -> frozenset[int] | None:
        """Return who matches and is no member, or the reverse; None: its refresh finds out."""
        now = self._clock.now().replace(microsecond=0)
        if one.looked_at is None:
            return None
        try:
            with self._shop.read() as tx:
                ids = None if self._whole else self._asks(tx, one, now)
                if ids is not None and not ids:
                    return frozenset()
                if ids is None and one.ready and one.ready[0] == now:
                    matched = one.ready[1]
                else:
                    matched = self._conditions.matching(tx, one.candidate, now, ids)
                query = _differing(tx, one.candidate.id, matched, ids)
                return frozenset(tx.connection.scalars(query))
        except (SegmailError, SQLAlchemyError):  # reported by its refresh
            return None

    def _asks(self, tx: Transaction, one: _Watched, now: datetime) -> set[int] | None:
        """Return who must be asked since the last look; None: everybody."""
        if one.asks is None or one.moves or one.looked_at is None:
            return None
        found, clock = set(one.asks), False
        for query in self._conditions.crossed(tx, one.candidate, one.looked_at, now):
            clock = True
            found.update(id for id in tx.connection.scalars(query) if id)
        return found if clock or not one.clockwork.bounds else None

    def _look_ahead(self, one: _Watched) -> None:
        now = self._clock.now()
        with self._shop.read() as tx:
            for bound in one.clockwork.bounds:
                for moment in bound.moments(tx.connection, now - _SECOND, self._until):
                    # At the bound itself one comparison changes its result, a second later another.
                    one.at |= {self._rhythm.refresh_at(it) for it in (moment, moment + _SECOND)}


def _differing(
    tx: Transaction, segment_id: int, matched: Select[Any], ids: Collection[int] | None
) -> Any:
    """Return the query of the customers (only `ids`, if given) who are to enter or leave."""
    m = tx.tables.member.c
    members = select(m.customer_id).where(m.segment_id == segment_id)
    if ids is not None:
        members = members.where(among(m.customer_id, ids))
    found = matched.cte()  # read twice, but evaluated once
    [id] = found.c
    return union_all(
        select(id).where(id.not_in(members)),
        members.where(m.customer_id.not_in(select(id))),
    )
