"""When a segment's members may change although nobody does anything, read from its SELECT.

In conditions of every family the clock is a bound value. A value that moves with the clock is
compared with a column: members may change when a row's time is that long ago. All other values
change with the day. A SELECT that fits neither is assumed to change always.
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
    """A column whose times matter once they are that long ago."""

    column: Column[Any]
    ago: timedelta

    def moments(
        self, connection: Connection, since: datetime, until: datetime
    ) -> Iterator[datetime]:
        """Yield the moments after `since`, up to `until`, at which some row's time is that old."""
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
    """What a segment's members depend on besides the rows of `tables`, which its SELECT reads.

    `moving` are the positions of the values that move with the clock.
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
        """Return what is equal for two of the segment's SELECTs if only the bounds moved."""
        values = enumerate(_values(query))
        return tuple(repr(it.effective_value) for place, it in values if place not in self.moving)


NOTHING_MOVES = Clockwork(frozenset(), frozenset(), is_always_moving=False, moving=frozenset())


def _parts(query: Select[Any]) -> Iterator[Any]:
    return iter(visitors.iterate(query))


def _values(query: Select[Any]) -> list[BindParameter[Any]]:
    """Return the bound values, each once, in the order of the query."""
    return list({id(it): it for it in _parts(query) if isinstance(it, BindParameter)}.values())


def _comparisons(query: Select[Any]) -> Iterator[tuple[Column[Any], BindParameter[Any]]]:
    for part in _parts(query):
        if not isinstance(part, BinaryExpression) or part.operator not in _ORDERS:
            continue
        column = _stored(part.left)
        if column is not None and isinstance(part.right, BindParameter):
            yield column, part.right


def _stored(expression: Any) -> Column[Any] | None:
    """Return the table column that an expression is, also through an alias of the table."""
    if not isinstance(expression, Column):
        return None
    rows: FromClause = expression.table
    while isinstance(rows, Alias):
        rows = rows.element
    return rows.c[expression.name] if isinstance(rows, Table) else None
