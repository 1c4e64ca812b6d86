"""Quoting texts for MySQL as PyMySQL itself does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pymysql.connections import Connection
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_NO_BACKSLASH_ESCAPES

from segmail.maho.pymysql_connection import QuickConnection

OURS, THEIRS = QuickConnection(defer_connect=True), Connection(defer_connect=True)
ODD = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\n\r\x1a\"'\\%"))


@given(ODD, st.sampled_from([0, SERVER_STATUS_NO_BACKSLASH_ESCAPES]))
def test_a_text_is_quoted_as_pymysql_quotes_it(text: str, server_status: int) -> None:
    OURS.server_status = server_status
    THEIRS.server_status = server_status  # type: ignore[attr-defined]

    assert OURS.escape(text) == THEIRS.escape(text)


@given(st.integers() | st.booleans() | st.none() | st.binary() | st.datetimes())
def test_every_other_value_is_left_to_pymysql(value: object) -> None:
    assert OURS.escape(value) == THEIRS.escape(value)
