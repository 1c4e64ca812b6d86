"""Letters that cannot become a message: nothing breaks out of its header."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import MessageError
from segmail.mail.message import Mail, build_message
from segmail.mail.quoted_printable import quoted_printable
from tests.each_case import for_each
from tests.unit.mail.letters import LETTER

BREAKS = ["a\r\nBcc: evil@example.com", "a\nb", "a\rb", "a\0b", "\n", "a\n"]
HEADERS = [
    "subject", "sender_name", "sender_email", "recipient_name", "recipient_email",
    "unsubscribe_url", "message_id", "list_id",
]  # fmt: skip
ALWAYS = [
    "Subject", "From", "To", "Message-ID", "MIME-Version", "Date", "Content-Type",
    "Content-Transfer-Encoding", "Auto-Submitted",
]  # fmt: skip
SOUP = 'ab:é \r\n\0\x0b\x85\u2028<>@,;"\\'
OPTIONAL = {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"}


@for_each("value", BREAKS)
@for_each(
    ("field", "told"),
    [
        ("subject", "template_subject"),
        ("sender_name", "template_sender_name"),
        ("sender_email", "template_sender_email"),
        ("recipient_name", "customer's name"),
        ("recipient_email", "subscriber_email"),
        ("unsubscribe_url", "unsubscribe link"),
        ("message_id", "Message-ID"),
        ("list_id", "List-Id"),
    ],
)
def test_nothing_breaks_out_of_its_header(field: str, told: str, value: str) -> None:
    with pytest.raises(MessageError, match=told):
        build_message(_changed(field, value))


@for_each("value", BREAKS)
def test_no_further_header_breaks_out_either(value: str) -> None:
    with pytest.raises(MessageError):
        build_message(replace(LETTER, headers={"X-Campaign": value}))
    with pytest.raises(MessageError):
        build_message(replace(LETTER, headers={value: "x"}))


@given(value=st.text(st.sampled_from(SOUP)), field=st.sampled_from(HEADERS))
def test_whatever_a_value_is_the_message_has_the_headers_that_it_should(
    value: str, field: str
) -> None:
    with suppress(MessageError):
        head = build_message(_changed(field, value)).partition(b"\r\n\r\n")[0]
        unfolded = head.replace(b"\r\n ", b" ").split(b"\r\n")
        names = [line.partition(b":")[0].decode() for line in unfolded]
        assert [name for name in names if name not in OPTIONAL] == ALWAYS
        assert not set(head.replace(b"\r\n", b"")) & set(b"\r\n\0")


@for_each("name", ["Subject", "to", "BCC", "", "X Y", "X:Y", "Xé", ".X"])
def test_a_header_of_segmail_or_with_an_impossible_name_cannot_be_added(name: str) -> None:
    with pytest.raises(MessageError):
        build_message(replace(LETTER, headers={name: "x"}))


@for_each("field", ["subject", "sender_name", "sender_email", "recipient_email"])
@for_each("value", ["", "  "])
def test_a_message_needs_a_subject_a_sender_and_a_recipient(field: str, value: str) -> None:
    with pytest.raises(MessageError, match="is empty"):
        build_message(_changed(field, value))


@pytest.mark.parametrize("field", ["subject", "recipient_name", "sender_name"])
def test_half_a_surrogate_pair_is_a_message_error(field: str) -> None:
    with pytest.raises(MessageError, match="surrogate"):
        build_message(_changed(field, "a\ud83d"))


def test_half_a_surrogate_pair_in_a_body_is_a_message_error() -> None:
    with pytest.raises(MessageError, match="surrogate"):
        quoted_printable("a\ud83d")


def test_a_link_beyond_all_measure_is_a_message_error() -> None:
    with pytest.raises(MessageError, match="unsubscribe link is longer"):
        build_message(replace(LETTER, unsubscribe_url="https://example.com/" + "x" * 1000))


def _changed(field: str, value: str) -> Mail:
    changes: dict[str, Any] = {field: value}
    return replace(LETTER, **changes)
