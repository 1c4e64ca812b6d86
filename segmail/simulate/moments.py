"""When a segment's members may change although nobody does anything: read from its SELECT.

Whatever family a condition is of, its clock is a bound value. One that moves with the clock is
compared with a column: members may change when a row's time is so long ago. All others change with
the day. What is neither is taken to change always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BindParameter,
    Column,
    Connection,
    FromClause,
    Select,
    Table,
    select,
)
from sqlalchemy.sql import operators, visitors

_SECOND = timedelta(seconds=1)
_ORDERS = (operators.lt, operators.le, operators.gt, operators.ge)


@dataclass(frozen=True)
class Bound:
    """A column whose times decide once they are so long ago."""

    column: Column[Any]
    ago: timedelta

    def moments(
        self, connection: Connection, since: datetime, until: datetime
    ) -> Iterator[datetime]:
        """Yield the moments after `since`, up to `until`, at which some row's time is so old."""
        query = (
            select(self.column)
            .where(self.column > since - self.ago, self.column <= until - self.ago)
            .distinct()
        )
        for moment in connection.scalars(query):
            if moment is not None:
                yield moment + self.ago


@dataclass(frozen=True)
class Clockwork:
    """What the members of a segment depend on beside the rows of `tables`, which its SELECT reads.

    `moving` are the places of the values that move with the clock.
    """

    tables: frozenset[str]
    bounds: frozenset[Bound]
    is_always_moving: bool
    moving: frozenset[int]

    @classmethod
    def of(cls, select_at: Callable[[datetime], Select[Any]], now: datetime) -> Clockwork:
        """Find out by comparing a segment's SELECT at `now` with that of a second later."""
        query = select_at(now)
        before, after = _values(query), _values(select_at(now + _SECOND))
        ago: dict[int, timedelta] = {}
        moving = set()
        is_strange = len(before) != len(after)
        for place, (one, other) in enumerate(zip(before, after, strict=False)):
            value: Any = one.effective_value
            moved: Any = other.effective_value
            both = isinstance(value, datetime) and isinstance(moved, datetime)
            if both and moved - value == _SECOND:
                ago[id(one)] = now.astimezone(UTC) - value
                moving.add(place)
            else:
                is_strange = is_strange or value != moved
        compared = [(column, id(bind)) for column, bind in _comparisons(query) if id(bind) in ago]
        return cls(
            tables=frozenset(part.name for part in _parts(query) if isinstance(part, Table)),
            bounds=frozenset(Bound(column, ago[bind]) for column, bind in compared),
            is_always_moving=is_strange or ago.keys() != {bind for _, bind in compared},
            moving=frozenset(moving),
        )

    def day_of(self, query: Select[Any]) -> tuple[str, ...]:
        """Return what is equal for two of the segment's SELECTs where only the bounds moved."""
        values = enumerate(_values(query))
        return tuple(repr(it.effective_value) for place, it in values if place not in self.moving)


NOTHING_MOVES = Clockwork(frozenset(), frozenset(), is_always_moving=False, moving=frozenset())


def _parts(query: Select[Any]) -> Iterator[Any]:
    return iter(visitors.iterate(query))


def _values(query: Select[Any]) -> list[BindParameter[Any]]:
    """Return the bound values, each once, in the order in which the query has them."""
    return list({id(it): it for it in _parts(query) if isinstance(it, BindParameter)}.values())


def _comparisons(query: Select[Any]) -> Iterator[tuple[Column[Any], BindParameter[Any]]]:
    for part in _parts(query):
        if not isinstance(part, BinaryExpression) or part.operator not in _ORDERS:
            continue
        column = _stored(part.left)
        if column is not None and isinstance(part.right, BindParameter):
            yield column, part.right


def _stored(expression: Any) -> Column[Any] | None:
    """Return the column of a table that an expression is, also by an alias of the table."""
    if not isinstance(expression, Column):
        return None
    rows: FromClause = expression.table
    while isinstance(rows, Alias):
        rows = rows.element
    return rows.c[expression.name] if isinstance(rows, Table) else None
