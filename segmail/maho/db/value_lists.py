"""Conditions on many rows at once that cost the same to compile for one row and for a hundred.

SQLAlchemy handles every value of an IN list by itself: 3 microseconds each, 12 for a pair, 16 for a
branch of a CASE, which would be a tenth of an e-mail's work. Here all values of a list are one
bound parameter, which the driver writes out (PyMySQL) or the database unpacks (SQLite).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Dialect, literal, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from segmail.maho.db.column_types import is_timestamp, next_existing

_Store = Callable[[Any], Any]


class Branches(tuple[tuple[Any, Any], ...]):
    """Pairs of a key and its value, to be written as WHEN … THEN …."""


def among(column: ColumnElement[Any], values: Collection[object]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values; no value, no row."""
    return _is_in(column, _Listed(_bound(_values(column.type), values)))


def pairs_among(
    first: Column[Any], second: Column[Any], pairs: Collection[tuple[object, object]]
) -> ColumnElement[bool]:
    """Return the condition that two columns have one of these pairs of values; no pair, no row."""
    listed = _ListedPairs(_bound(_pairs(first.type, second.type), pairs))
    return _is_in(tuple_(first, second), listed)


def chosen_by(
    key: Column[Any], values: Mapping[Any, object], column: Column[Any]
) -> ColumnElement[Any]:
    """Return the value for `column` that belongs to a row's key, for rows whose key has one."""
    if len(set(values.values())) == 1:  # often all rows get the same value
        return literal(next(iter(values.values())), column.type)
    chosen = _Chosen(key, _bound(_choices(key.type, column.type), values.items()))
    return next_existing(chosen) if is_timestamp(column.type) else chosen


def _bound(kind: TypeEngine[Any], values: Iterable[object]) -> BindParameter[Any]:
    return BindParameter(None, tuple(values), kind, unique=True)


def _is_in(left: ColumnElement[Any], listed: ColumnElement[Any]) -> ColumnElement[bool]:
    # An operator, not a function: SQLAlchemy would compare a function's result with 1, and then no
    # database uses an index.
    return left.op("IN", is_comparison=True)(listed)


class _Values(UserDefinedType[Any]):
    """The values of one column."""

    cache_ok = True

    def __init__(self, first: TypeEngine[Any]) -> None:
        self.first = first

    def bind_processor(self, dialect: Dialect) -> _Store:
        store = _store(self.first, dialect)
        if dialect.name == "sqlite":
            return lambda values: json.dumps([store(value) for value in values])
        return lambda values: tuple([store(value) for value in values]) or (None,)


class _Pairs(UserDefinedType[Any]):
    """The values of two columns."""

    cache_ok = True

    def __init__(self, first: TypeEngine[Any], second: TypeEngine[Any]) -> None:
        self.first = first
        self.second = second

    def bind_processor(self, dialect: Dialect) -> _Store:
        first, second = _store(self.first, dialect), _store(self.second, dialect)
        if dialect.name == "sqlite":
            return lambda pairs: json.dumps([(first(a), second(b)) for a, b in pairs])
        return lambda pairs: tuple([(first(a), second(b)) for a, b in pairs]) or ((None, None),)


class _Choices(_Pairs):
    """The values of one column by those of another."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> _Store:
        first, second = _store(self.first, dialect), _store(self.second, dialect)
        if dialect.name == "sqlite":
            return lambda pairs: json.dumps({str(first(a)): second(b) for a, b in pairs})
        return lambda pairs: Branches([(first(a), second(b)) for a, b in pairs])


# Created once: SQLAlchemy inspects the type of each new object.
_values, _pairs, _choices = cache(_Values), cache(_Pairs), cache(_Choices)


def _store(kind: TypeEngine[Any], dialect: Dialect) -> _Store:
    """Return a function that converts a Python value to what a column of this type stores."""
    return kind.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: object) -> object:
    return value


class _Listed(FunctionElement[Any]):
    inherit_cache = True


class _ListedPairs(FunctionElement[Any]):
    inherit_cache = True


class _Chosen(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Listed)
@compiles(_ListedPairs)
def _listed(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    [values] = _parts(element, compiler, options)
    return values


@compiles(_Listed, "sqlite")
def _unpacked(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:
    [values] = _parts(element, compiler, options)
    return f"(SELECT value FROM json_each({values}))"


@compiles(_ListedPairs, "sqlite")
def _unpacked_pairs(element: _ListedPairs, compiler: SQLCompiler, **options: Any) -> str:
    [pairs] = _parts(element, compiler, options)
    both = "json_extract(value, '$[0]'), json_extract(value, '$[1]')"
    return f"(SELECT {both} FROM json_each({pairs}))"


@compiles(_Chosen)
def _by_case(element: _Chosen, compiler: SQLCompiler, **options: Any) -> str:
    key, branches = _parts(element, compiler, options)
    return f"CASE {key} {branches} END"


@compiles(_Chosen, "sqlite")
def _looked_up(element: _Chosen, compiler: SQLCompiler, **options: Any) -> str:
    key, choices = _parts(element, compiler, options)
    return f"json_extract({choices}, '$.\"' || {key} || '\"')"


def _parts(
    element: FunctionElement[Any], compiler: SQLCompiler, options: dict[str, Any]
) -> list[str]:
    return [compiler.process(part, **options) for part in element.clauses]
