"""Writing values for MySQL as PyMySQL itself does."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.connections import Connection
from pymysql.constants import FIELD_TYPE

from segmail.maho.db.pymysql_connection import QuickConnection
from segmail.maho.db.value_lists import Branches
from tests.each_case import for_each

OURS, THEIRS = QuickConnection(defer_connect=True), Connection(defer_connect=True)
AWARE = st.datetimes(timezones=st.timezones())
VALUE = st.integers() | st.booleans() | st.none() | st.binary() | st.datetimes() | AWARE
NESTED = VALUE | st.tuples(VALUE, VALUE) | st.lists(st.tuples(st.integers(), st.datetimes()))


@given(NESTED)
def test_every_other_value_is_written_as_pymysql_writes_it(value: object) -> None:
    assert OURS.escape(value) == THEIRS.escape(value)


def test_branches_of_a_case_are_written_with_their_values_quoted() -> None:
    OURS.server_status = 0

    assert OURS.escape(Branches([(1, "it's"), (2, None)])) == "WHEN 1 THEN 'it''s' WHEN 2 THEN NULL"


@for_each(
    "text",
    [
        "2026-03-29 01:02:03",
        "2026-03-29 01:02:03.000450",
        "0000-00-00 00:00:00",
        "2026-00-00 00:00:00",
    ],
)
def test_moments_are_read_as_pymysql_reads_them(text: str) -> None:
    for type_ in (FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP):
        assert OURS.decoders[type_](text) == THEIRS.decoders[type_](text)


def test_certificates_are_not_read_before_the_server_offers_encryption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []
    monkeypatch.setattr(ssl, "create_default_context", lambda **_asked: read.append(1))

    QuickConnection(defer_connect=True)

    assert read == []


def test_a_ca_file_that_was_asked_for_is_read_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        QuickConnection(defer_connect=True, ssl_ca="/nowhere.pem")
