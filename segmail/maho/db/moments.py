"""Arithmetic with the UTC literals that Maho stores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, literal, select, text, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from segmail.maho.db.column_types import UtcDateTime, is_timestamp, next_existing


def minutes_after(connection: Connection, column: Column[Any], minutes: int) -> ColumnElement[Any]:
    """Return the time so many minutes after a column's time, in a form that the column can hold."""
    if connection.dialect.name == "sqlite":
        return type_coerce(func.datetime(column, f"{minutes:+d} minutes"), UtcDateTime())
    moment: ColumnElement[Any] = func.timestampadd(text("MINUTE"), minutes, column)
    if is_timestamp(column.type):
        moment = next_existing(moment)
    return type_coerce(moment, UtcDateTime())


def as_stored(connection: Connection, column: Column[Any], moment: datetime) -> datetime:
    """Return a moment as the column will store it, so that it can be compared with it later.

    Takes a statement if the column is a TIMESTAMP, otherwise none.
    """
    if is_timestamp(column.type):
        stored: datetime = connection.execute(select(literal(moment, column.type))).scalar_one()
        return stored
    return moment.replace(microsecond=0)


class minutes_later(FunctionElement[Any]):  # noqa: N801 - reads as the function it is in SQL
    """The time so many minutes after another, for comparisons only: never to be stored."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(minutes_later)
def _compile_minutes(element: minutes_later, compiler: SQLCompiler, **options: Any) -> str:
    moment, minutes = (compiler.process(clause, **options) for clause in element.clauses)
    return f"timestampadd(MINUTE, {minutes}, {moment})"


@compiles(minutes_later, "sqlite")
def _compile_minutes_for_sqlite(
    element: minutes_later, compiler: SQLCompiler, **options: Any
) -> str:
    moment, minutes = (compiler.process(clause, **options) for clause in element.clauses)
    return f"datetime({moment}, '+' || {minutes} || ' minutes')"


class days_later(FunctionElement[Any]):  # noqa: N801 - reads as the function it is in SQL
    """The time so many times 24 hours after another, for comparisons only: never to be stored."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(days_later)
def _compile_days(element: days_later, compiler: SQLCompiler, **options: Any) -> str:
    moment, days = (compiler.process(clause, **options) for clause in element.clauses)
    return f"timestampadd(DAY, {days}, {moment})"


@compiles(days_later, "sqlite")
def _compile_days_for_sqlite(element: days_later, compiler: SQLCompiler, **options: Any) -> str:
    moment, days = (compiler.process(clause, **options) for clause in element.clauses)
    return f"datetime({moment}, '+' || {days} || ' days')"
