"""Compares Maho's three-byte columns with text of four-byte characters, such as emoji.

MySQL and MariaDB refuse the comparison ("Illegal mix of collations") although they could answer it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

_LAST_OF_THREE_BYTES = "\uffff"


def wide_enough(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[Any]:
    """Return the column, converted only if one of the values needs it: no index works then."""
    if any(character > _LAST_OF_THREE_BYTES for value in values for character in value):
        return _four_bytes(column)
    return column


class _four_bytes(FunctionElement[str]):  # noqa: N801 - reads as the function it is in SQL
    type = String()
    inherit_cache = True


@compiles(_four_bytes)
def _compile_plain(element: _four_bytes, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_four_bytes, "mysql", "mariadb")
def _compile_for_mysql(element: _four_bytes, compiler: SQLCompiler, **options: Any) -> str:
    return f"CONVERT({compiler.process(element.clauses, **options)} USING utf8mb4)"
