"""Arithmetic with the UTC literals that Maho stores."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, text, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from segmail.maho.db.column_types import UtcDateTime

_TYPE = text(
    "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() "
    "AND table_name = :table AND column_name = :column"
)


def minutes_after(connection: Connection, column: Column[Any], minutes: int) -> ColumnElement[Any]:
    """Return the moment so many minutes after a column's.

    A TIMESTAMP column cannot hold a literal that its server's summer time leaves out: there it is
    the next one that exists.
    """
    if connection.dialect.name == "sqlite":
        return type_coerce(func.datetime(column, f"+{minutes} minutes"), UtcDateTime())
    moment: ColumnElement[Any] = func.timestampadd(text("MINUTE"), minutes, column)
    names = {"table": column.table.name, "column": column.name}
    if str(connection.scalar(_TYPE, names)).lower() == "timestamp":
        moment = func.from_unixtime(func.unix_timestamp(moment))
    return type_coerce(moment, UtcDateTime())


class days_later(FunctionElement[Any]):  # noqa: N801 - reads as the function it is in SQL
    """The moment so many times 24 hours after another, to be compared: never to be stored."""

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
