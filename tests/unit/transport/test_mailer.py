"""Envelopes and the words of servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import MessageError
from segmail.mail.envelope import Envelope
from segmail.transport.mailer import MessageRefused, short_line
from tests.each_case import for_each


@for_each("address", ["a@b.c\r\nRCPT TO:<x@y.z>", "a@b.c>", "<a@b.c", "a\0@b.c"])
def test_no_address_breaks_out_of_the_envelope(address: str) -> None:
    with pytest.raises(MessageError):
        Envelope(address, "ada@example.com", b"")
    with pytest.raises(MessageError):
        Envelope("shop@example.com", address, b"")


@given(st.text())
def test_a_servers_words_are_one_bounded_printable_line(words: str) -> None:
    line = short_line(words)

    assert len(line) <= 160
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\x00\x07\x1b\x7f\x85\u202e\u2028")


def test_an_outcome_fits_into_maho_s_problem_report() -> None:
    assert len(str(MessageRefused("very " * 100, code=550))) == 200
