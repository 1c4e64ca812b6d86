"""Column types that store values exactly as Maho does, on every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Integer,
    SmallInteger,
    Text,
    func,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

# The times that a TIMESTAMP can hold on every server and in every zone.
_FIRST, _LAST = datetime(1970, 1, 2), datetime(2038, 1, 18)  # noqa: DTZ001 - literals


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time in Python; in the table Maho's naive UTC literal with whole seconds.

    Works for TIMESTAMP (Maho up to 26.3) and DATETIME (from 26.5) alike, because the session's time
    zone stays as Maho leaves it. A zero date reads as None.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_sqlite_datetime())
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc.replace(tzinfo=None, microsecond=0)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):  # PyMySQL returns '0000-00-00 00:00:00' as text
            return None
        return value.replace(tzinfo=UTC)


class LocalDateTime(UtcDateTime):
    """A store's local time, naive in Python too: `salesrule_coupon.expiration_date`."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.replace(microsecond=0)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return value if isinstance(value, datetime) else None


class WholeDay(TypeDecorator[date]):
    """A date without a time. A zero date, which PyMySQL returns as text, reads as None."""

    impl = Date
    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> date | None:
        return value if isinstance(value, date) else None


class _HeldAsTimestamp(UtcDateTime):
    """A time in a TIMESTAMP column, which cannot hold every literal.

    Summer time skips an hour in the server's zone. A stored time in that hour becomes the next one
    that exists there, and a time outside the type's years the nearest one inside. A time that is
    compared with the column stays as it is.
    """

    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[Any]) -> ColumnElement[Any]:
        return next_existing(bindparam)

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        return _COMPARED[type(self)]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        literal = super().process_bind_param(value, dialect)
        return literal if literal is None else min(max(literal, _FIRST), _LAST)


class UtcTimestamp(_HeldAsTimestamp, UtcDateTime):
    """A `UtcDateTime` in a TIMESTAMP column."""

    cache_ok = True


class LocalTimestamp(_HeldAsTimestamp, LocalDateTime):
    """A `LocalDateTime` in a TIMESTAMP column."""

    cache_ok = True


_COMPARED: dict[type, UtcDateTime] = {
    UtcTimestamp: UtcDateTime(),
    LocalTimestamp: LocalDateTime(),
}


def as_timestamp(kind: UtcDateTime) -> UtcDateTime:
    """Return the type for such values in a TIMESTAMP column."""
    return LocalTimestamp() if isinstance(kind, LocalDateTime) else UtcTimestamp()


def is_timestamp(kind: TypeEngine[Any]) -> bool:
    """Return whether a column type is that of a TIMESTAMP column."""
    return isinstance(kind, _HeldAsTimestamp)


def next_existing(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a moment, or the next one that exists in the server's time zone."""
    return func.from_unixtime(func.unix_timestamp(moment))


@cache
def _sqlite_datetime() -> TypeEngine[Any]:
    """Return how SQLite stores a time: as the text that Maho writes.

    SQLAlchemy's own format adds microseconds, which would sort and compare differently.
    """
    from sqlalchemy.dialects import sqlite  # shops on MySQL do not load it

    return sqlite.DATETIME(  # type: ignore[no-untyped-call]
        storage_format="%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d",
        regexp=r"(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+))?",
    )


UInt = Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")
BigUInt = Integer().with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb")
USmallInt = SmallInteger().with_variant(mysql.SMALLINT(unsigned=True), "mysql", "mariadb")
MediumText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
