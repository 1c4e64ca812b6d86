"""Answers of a real server, read as PyMySQL itself reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor, SSCursor
from pymysql.err import MySQLError
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql as mysql_dialect

from segmail.maho.db.pymysql_connection import QuickConnection
from tests.each_case import for_each
from tests.shop_builder import ShopBuilder

_VALUES = {
    "TINYINT": ("-128", "0"),
    "SMALLINT UNSIGNED": ("65535",),
    "MEDIUMINT": ("-8388608",),
    "INT(10) UNSIGNED ZEROFILL": ("42",),
    "BIGINT UNSIGNED": ("18446744073709551615",),
    "DECIMAL(30, 4)": ("-12345678901234567890.5", "0"),
    "FLOAT": ("1.5e-7",),
    "DOUBLE": ("-1.7976931348623157e308", "0"),
    "BIT(17)": ("b'10000000000000001'", "0"),
    "DATE": ("'2026-03-29'", "'0000-00-00'", "'2026-02-00'"),
    "DATETIME": ("'2026-03-29 02:30:00'", "'0000-00-00'", "'2026-00-00 01:02:03'"),
    "DATETIME(6)": ("'2026-03-29 02:30:00.000450'", "'1000-01-01'"),
    "TIMESTAMP NULL": ("'2026-03-29 12:30:00'", "0"),
    "TIME": ("'-838:59:59'", "'00:00:01'"),
    "TIME(3)": ("'-01:02:03.456'",),
    "YEAR": ("2026", "0"),
    "CHAR(9)": ("'a  '", "''"),
    "VARCHAR(9) CHARACTER SET utf8mb4": ("'Zoë 🥾'", "'0'"),
    "VARCHAR(9) CHARACTER SET latin1": ("'Zoë'",),
    "TINYTEXT": ("REPEAT('x', 250)", "REPEAT('x', 251)"),
    "TEXT CHARACTER SET utf8mb4": ("REPEAT('é', 4000)", "REPEAT('x', 8190)", "REPEAT('€', 20000)"),
    "LONGTEXT": ("REPEAT('x', 70000)",),
    "BINARY(4)": ("'ab'", "0xff00"),
    "VARBINARY(9)": ("0xfffefdfc",),
    "BLOB": ("0xff", "REPEAT('x', 300)"),
    "MEDIUMBLOB": ("REPEAT(0xfe, 70000)",),
    "JSON": ("""'{"a": ["é", 1.50, null]}'""", "'null'"),
    "ENUM('a', 'é')": ("'é'",),
    "SET('a', 'b')": ("'a,b'", "''"),
    "GEOMETRY": ("ST_GeomFromText('POINT(1 2)')",),
}
_DIGITS = "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5)"


@pytest.fixture
def connections(mariadb_shop: ShopBuilder) -> Iterator[list[Connection[Any]]]:
    """Ours and PyMySQL's own."""
    _, options = mysql_dialect().create_connect_args(mariadb_shop.url)
    options.update({"charset": "utf8mb4", "init_command": "SET SESSION sql_mode = ''"})
    found = [kind(**options) for kind in (QuickConnection, Connection)]
    yield found
    for connection in found:
        connection.close()


@for_each("kind", _VALUES)
def test_values_of_every_type(kind: str, connections: list[Connection[Any]]) -> None:
    values = ", ".join(f"({value})" for value in ["NULL", *_VALUES[kind]])

    ours, theirs = _answers(
        connections,
        "DROP TEMPORARY TABLE IF EXISTS some",
        f"CREATE TEMPORARY TABLE some (value {kind} NULL)",
        f"INSERT INTO some VALUES {values}",
        "SELECT value, value FROM some",
    )

    assert isinstance(ours, list), ours
    assert ours == theirs


@for_each("cursor", [Cursor, SSCursor])
@for_each(
    "statement",
    [
        "SELECT 1 WHERE 1 = 0",
        "SELECT ''",
        f"SELECT a.d, b.d, c.d, e.d, NULL FROM {_DIGITS} a, {_DIGITS} b, {_DIGITS} c, {_DIGITS} e",
        f"SELECT a.d, REPEAT('x', a.d * 1100) FROM {_DIGITS} a, {_DIGITS} b, {_DIGITS} c",
        f"SELECT d, (SELECT 1 UNION SELECT d) FROM {_DIGITS} t",  # an error behind the first rows
        "SELECT * FROM nowhere",
    ],
)
def test_answers_of_every_length(
    statement: str, cursor: type[Cursor], connections: list[Connection[Any]]
) -> None:
    ours, theirs = _answers(connections, statement, kind=cursor)

    assert ours == theirs


def test_text_that_is_not_what_the_connection_speaks(connections: list[Connection[Any]]) -> None:
    ours, theirs = _answers(
        connections, "SET character_set_results = latin1", "SELECT 'a' UNION SELECT 'Zoë'"
    )

    assert "UnicodeDecodeError" in str(ours)
    assert ours == theirs


def _answers(
    connections: list[Connection[Any]], *statements: str, kind: type[Cursor] = Cursor
) -> list[object]:
    """Return what the last of the statements gives on each connection, or raises there."""
    answers: list[object] = []
    for connection in connections:
        with connection.cursor(kind) as cursor:
            try:
                for statement in statements:
                    cursor.execute(statement)
                rows = list(iter(cursor.fetchone, None))
                answers.append([cursor.rowcount, cursor.description, repr(rows)])
            except (MySQLError, ValueError) as error:
                answers.append(repr(error))
    return answers
