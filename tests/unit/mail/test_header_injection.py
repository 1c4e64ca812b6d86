"""Whatever a name, a subject or an address holds, a message has the headers it is meant to have.

Checked in the bytes, which servers split at CRLF, and by Python's parsers, of which the older one
splits text at more characters than that.
"""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import Message

from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import MessageError
from segmail.mail.message import Mail, build_envelope, build_message
from segmail.templates import Kind, compile_template
from tests.each_case import for_each
from tests.unit.mail.letters import LETTER
from tests.unit.templates.recorded import RecordedSite

BREAKS = {
    "CRLF": "\r\n", "LF": "\n", "CR": "\r", "NUL": "\0", "VT": "\v", "FF": "\f", "FS": "\x1c",
    "GS": "\x1d", "RS": "\x1e", "NEL": "\x85", "LS": "\u2028", "PS": "\u2029",
    "CRLF twice": "\r\n" * 2,
    "folded": "\r\n ", "URL-encoded": "%0d%0a", "quoted-printable": "=0D=0A",
    "encoded word": "=?utf-8?q?x=0D=0ABcc:_evil=40example.com?=", "UTF-7": "+AA0ACg-",
    "overlong": "\u010d\u010a", "backspace": "\b", "escape": "\x1b",
}  # fmt: skip
FIELDS = ["subject", "sender_name", "recipient_name", "sender_email", "recipient_email",
          "unsubscribe_url"]  # fmt: skip
OPTIONAL = {"list-unsubscribe", "list-unsubscribe-post"}


def headers_of(letter: Mail) -> list[str]:
    """Return the names of a message's headers, as everybody who reads it sees them."""
    data = build_message(letter)
    head = data.partition(b"\r\n\r\n")[0]
    assert not set(b"\0\v\f\x1c\x1d\x1e\x85") & set(head)
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    lines = head.decode("utf-8").split("\r\n")
    names = [line.partition(":")[0].lower() for line in lines if not line.startswith(" ")]
    for policy in (email.policy.SMTP, email.policy.compat32):
        read: Message = email.message_from_bytes(data, policy=policy)
        assert [name.lower() for name in read.keys()] == names  # noqa: SIM118 (double ones, too)
        assert "evil" not in f"{read['bcc']}"
    return names


def changed(field: str, value: str) -> Mail:
    changes: dict[str, str] = {field: value}
    return replace(LETTER, **changes)  # type: ignore[arg-type]


@for_each("sign", BREAKS.values(), ids=BREAKS)
@for_each("field", FIELDS)
@for_each("start", ["", "Ada", "Ünïcödé " * 12, "x" * 70])
def test_no_field_adds_a_header(start: str, field: str, sign: str) -> None:
    try:
        names = headers_of(changed(field, f"{start}{sign}Bcc: evil@example.com"))
    except MessageError as error:
        assert "evil" not in str(error)  # noqa: PT017
        return

    assert set(names) <= {*headers_of(LETTER), *OPTIONAL}
    assert len(names) == len(set(names))


def test_a_header_that_was_added_would_be_seen() -> None:
    letter = replace(LETTER, headers={"X-More": "1"})

    assert set(headers_of(letter)) - set(headers_of(LETTER)) == {"x-more"}


@for_each("sign", BREAKS.values(), ids=BREAKS)
@for_each("field", ["sender_email", "recipient_email"])
@for_each("form", ["a{}@example.com", "a@exa{}mple.com", '"a{}b"@example.com',
                                  "a@a.test{}", "a@a.test>{}RCPT TO:<evil@x.test"])  # fmt: skip
def test_no_address_adds_an_smtp_command(form: str, field: str, sign: str) -> None:
    try:
        envelope = build_envelope(changed(field, form.format(sign)))
    except MessageError:
        return

    assert not any(set("\r\n\0<>") & set(a) for a in (envelope.sender, envelope.recipient))


@for_each("sign", BREAKS.values(), ids=BREAKS)
def test_a_customer_s_name_in_a_subject_stays_on_its_line(sign: str) -> None:
    template = compile_template("Hello {{var name}}", kind=Kind.SUBJECT)

    subject = template.render({"name": f"Ada{sign}Bcc: evil@example.com"}, RecordedSite())

    assert len(subject.splitlines()) == 1
    assert headers_of(replace(LETTER, subject=subject)) == headers_of(LETTER)


@given(field=st.sampled_from(FIELDS), value=st.text())
def test_no_text_at_all_adds_a_header(field: str, value: str) -> None:
    try:
        names = headers_of(changed(field, value))
    except MessageError:
        return

    assert set(names) <= {*headers_of(LETTER), *OPTIONAL}
    assert len(names) == len(set(names))
