"""Decides whom a refresh asks: customers with changes since the last refresh, or everybody.

Everybody is asked, with a reason, if changes may have left no mark. See docs/segments.md, "What a
refresh asks".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from sqlalchemy import Connection, Select, func, or_, select

from segmail import __version__
from segmail.errors import ConditionError
from segmail.maho.config.time_zones import time_zone
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.scope import KeptScope, Scope
from segmail.segments.conditions.touched import Crossing, Kept, Marked, Source, Summed, Unmarked
from segmail.segments.conditions.touches import crossings, sources_of, uncovered
from segmail.segments.conditions.tree import Combine
from segmail.segments.refresh.baseline import Baseline, Refused, load_baseline
from segmail.segments.refresh.candidates import Candidate

# Marks from so long ago are read again: transactions commit later, and clocks differ.
REACH = timedelta(minutes=10)

_REST = timedelta(hours=1)  # in which a segment with too many to enrol is not fully evaluated
_MOST = 20_000  # customers asked by id; with more, asking everybody is as quick


@dataclass(frozen=True)
class Polled:
    """Whom a refresh asks, and what it knows when it is done.

    If `ids` is None, everybody is asked, for the reason `why`. `refused` is set while the segment
    rests: less than an hour ago, too many customers were to be enrolled.
    """

    ids: frozenset[int] | None = None
    why: str | None = None
    baseline: Baseline | None = None
    refused: Refused | None = None


EVERYBODY = Polled()


class Asker(Protocol):
    """Decides whom a refresh asks; `Poll` does so by what the shop's rows tell."""

    def whom(
        self,
        tx: Transaction,
        candidate: Candidate,
        everybody: Callable[[], Select[Any]],
        *,
        enrolling: str,
        now: datetime,
    ) -> Polled:
        """Return whom to ask about a segment's conditions; `everybody` compiles them for all."""
        ...


class Poll:
    """Decides whom to ask, segment by segment; nothing is looked up twice in a run.

    `began` is when the run began: later writes also belong to the next run. `trees` are the
    conditions of all its segments, so that each table is read only once for them. In a shop of
    fewer customers than `everybody_below` all are asked: that is quick, and sees changes that left
    no mark at once.
    """

    def __init__(
        self,
        began: datetime,
        trees: Sequence[Combine] = (),
        *,
        scope: KeptScope | None = None,
        full: bool = False,
        everybody_below: int = 0,
    ) -> None:
        self._began = began
        self._trees = trees
        self._full = full
        self._everybody_below = everybody_below
        self._small: bool | None = None
        self._scope = KeptScope() if scope is None else scope
        self._touched: dict[tuple[str, datetime], frozenset[int] | None] = {}
        self._told: dict[str, str] = {}
        self._kept: dict[tuple[str, str], bool] = {}

    def whom(
        self,
        tx: Transaction,
        candidate: Candidate,
        everybody: Callable[[], Select[Any]],
        *,
        enrolling: str,
        now: datetime,
    ) -> Polled:
        """Return whom to ask about a segment's conditions; `everybody` compiles them for all.

        `enrolling` differs if the segment enrols by another limit, or in other steps.
        """
        tree = candidate.tree
        if tree is None:
            return EVERYBODY
        query = everybody()  # names every fault of the conditions
        scope = self._scope.at(tx, tree, now=now).of_websites(candidate.website_ids)
        sources = sources_of(tree, scope)
        before = load_baseline(tx, candidate.id)
        meaning = _meaning(candidate, scope)
        told = {name: self._state(tx.connection, it) for name, it in _watched(sources).items()}
        after = Baseline(meaning, self._began, now, now, told)
        why, rests = self._why_anew(candidate, scope, before, after), False
        if why is None and before is not None:
            after = replace(after, whole_at=before.whole_at)
            if rests := _rests(before.refused, enrolling, now):
                after = replace(after, told=before.told, refused=before.refused)
            elif self._is_small(tx):
                why = f"the shop has fewer than {self._everybody_below:,} customers"
            else:
                why = self._why_whole(tx.connection, query, sources, before)
        if why is None and before is not None:
            ids = self._changed(tx.connection, scope, sources, before.looked_at - REACH)
            if ids is not None:
                return Polled(ids, baseline=after, refused=before.refused if rests else None)
        why = why or f"more than {_MOST:,} customers have changed"
        return Polled(why=why, baseline=replace(after, whole_at=now, told=told, refused=None))

    def _is_small(self, tx: Transaction) -> bool:
        if self._small is None and self._everybody_below:
            ids = select(tx.tables.customer.c.entity_id).limit(self._everybody_below).subquery()
            number = tx.connection.scalar(select(func.count()).select_from(ids)) or 0
            self._small = number < self._everybody_below
        return bool(self._small)

    def _why_anew(
        self, candidate: Candidate, scope: Scope, before: Baseline | None, after: Baseline
    ) -> str | None:
        """Return why this refresh cannot start from the last one's state."""
        if self._full:
            return "by --full"
        if before is None:
            return "nothing is known of a refresh before, or it failed"
        for is_so, why in (
            (before.meaning != after.meaning, "its conditions have changed, or what they mean"),
            (before.refreshed_at != candidate.refreshed_at, "somebody else has refreshed it"),
            (self._began < before.looked_at, "the clock was put back"),
            (
                _days(scope, before.whole_at) != _days(scope, scope.now),
                "it is the first time of the day",
            ),
        ):
            if is_so:
                return why
        return None

    def _why_whole(
        self,
        connection: Connection,
        query: Select[Any],
        sources: Sequence[Source],
        before: Baseline,
    ) -> str | None:
        """Return why marks do not tell of all that has changed since."""
        if why := _never(query, sources):
            return why
        for name, source in _watched(sources).items():
            if became := self._unmarked(connection, source, before.told.get(name, "")):
                return f"{name} {became}, and no mark tells whose"
        return None

    def _unmarked(self, connection: Connection, source: Kept | Summed, told: str) -> str | None:
        """Return what has happened to a source's unmarked rows since that state; None: nothing."""
        if isinstance(source, Summed):
            return None if self._state(connection, source) == told else "have changed"
        is_kept = self._is_kept(connection, source, told)
        return None if is_kept else "are gone, or have another owner"

    def _changed(
        self,
        connection: Connection,
        scope: Scope,
        sources: Sequence[Source],
        since: datetime,
    ) -> frozenset[int] | None:
        """Return the customers whose rows were written, or crossed a bound; None: too many."""
        found: set[int] = set()
        for source in sources:
            if isinstance(source, Marked):
                ids = self._touched_since(connection, scope, source, since)
                if ids is None:
                    return None
                found |= ids
        return None if len(found) > _MOST else frozenset(found)

    def _touched_since(
        self, connection: Connection, scope: Scope, source: Marked, since: datetime
    ) -> frozenset[int] | None:
        key = source.name, since
        if key not in self._touched:
            crossed = [
                one.crossed
                for tree in self._trees
                for one in _crossings(tree, scope, since)
                if one.owner.table is source.rows
            ]
            query = select(source.owner).select_from(source.rows).distinct()
            query = query.where(or_(source.lately(since), *crossed)).limit(_MOST + 2)
            for dialect in ("mysql", "mariadb"):  # first the rows with the times, then their owners
                query = query.prefix_with("STRAIGHT_JOIN", dialect=dialect)
            ids = frozenset(id for id in connection.scalars(query) if id)
            self._touched[key] = None if len(ids) > _MOST else ids
        return self._touched[key]

    def _state(self, connection: Connection, source: Kept | Summed) -> str:
        """Return the present state of a source's rows."""
        name = _name(source)
        if name not in self._told:
            query = source.digest if isinstance(source, Summed) else _last_and_sums(source)
            self._told[name] = " ".join(map(str, connection.execute(query).one()))
        return self._told[name]

    def _is_kept(self, connection: Connection, source: Kept, before: str) -> bool:
        """Return whether all rows of that time still exist."""
        if before == self._state(connection, source):
            return True
        key = source.name, before
        if key not in self._kept:
            last, _, sums = before.partition(" ")
            told = sums and connection.execute(_sums(source, until=int(last))).one()
            self._kept[key] = bool(told) and " ".join(map(str, told)) == sums
        return self._kept[key]


def _crossings(tree: Combine, scope: Scope, since: datetime) -> list[Crossing]:
    try:
        return list(crossings(tree, scope, since))
    except ConditionError:  # reported by its own refresh
        return []


def _rests(refused: Refused | None, enrolling: str, now: datetime) -> bool:
    """Return whether nothing has changed that would let them be enrolled, for an hour."""
    if refused is None or refused.enrolling != enrolling:
        return False
    return now - refused.at < _REST


def _name(source: Kept | Summed) -> str:
    return source.name if isinstance(source, Summed) else f"rows of {source.table.name}"


def _watched(sources: Sequence[Source]) -> dict[str, Kept | Summed]:
    return {_name(it): it for it in sources if isinstance(it, Kept | Summed)}


def refreshed_how(query: Select[Any], sources: Sequence[Source]) -> str:
    """Return in words how a segment with this SELECT and these sources is refreshed."""
    if why := _never(query, sources):
        return f"whole: {why}"
    watched = _watched(sources).values()
    changing = dict.fromkeys(it.name for it in watched if isinstance(it, Summed))
    going = dict.fromkeys(it.name for it in watched if isinstance(it, Kept))
    whole = ["by the first refresh of a day"]
    if changing:
        whole.append(f"when {' or '.join(changing)} have changed")
    if going:
        whole.append(f"when {' or '.join(going)} are gone")
    return f"by what changed in a large shop; whole {', '.join(whole)}"


def _never(query: Select[Any], sources: Sequence[Source]) -> str | None:
    """Return why a segment is never refreshed by changes alone."""
    for source in sources:
        if isinstance(source, Unmarked):
            return f"no mark tells whom changes of {source.name} concern"
    if tables := uncovered(query, sources):
        return f"no mark tells of changes of {', '.join(tables)}"
    return None


def _last_and_sums(source: Kept) -> Select[Any]:
    [key] = source.table.primary_key.columns
    return select(func.coalesce(func.max(key), 0), *_sums(source, until=None).selected_columns)


def _sums(source: Kept, *, until: int | None) -> Select[Any]:
    """Return number and sums of the rows up to an id, which differ once one is gone."""
    [key] = source.table.primary_key.columns
    owner = key if source.owner is None else source.owner
    query = select(func.count(), func.coalesce(func.sum(key), 0), func.count(owner))
    return query if until is None else query.where(key <= until)


def _days(scope: Scope, moment: datetime) -> set[Any]:
    """Return the calendar day of a moment in each time zone of the websites."""
    zones: set[tzinfo] = {time_zone(name) for name in scope.zones.values()} or {UTC}
    return {(str(zone), moment.astimezone(zone).date()) for zone in zones}


def _meaning(candidate: Candidate, scope: Scope) -> str:
    triggers = sorted((id, known.trigger.value) for id, known in scope.segments.items())
    said = (
        *(__version__, candidate.conditions, candidate.website_ids, candidate.group_ids),
        *(repr(candidate.policy), sorted(scope.zones.items()), repr(scope.eav), triggers),
    )
    return hashlib.sha256(repr(said).encode(errors="surrogatepass")).hexdigest()[:32]
