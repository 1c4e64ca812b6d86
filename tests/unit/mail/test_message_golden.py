"""Messages that Maho really sent, built again from their content: a reader sees the same mail.

What differs on purpose:

Auto-Submitted           added, so that no out-of-office notice answers (RFC 3834)
List-Unsubscribe-Post    only with https; Maho adds it to http links too, against RFC 8058
encoded words            cut elsewhere: Maho encodes single words, segmail the whole value
order of headers         Auto-Submitted comes last
"""

from __future__ import annotations

import json
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from segmail.errors import MessageError
from segmail.mail.message import Mail, build_envelope, build_message
from segmail.mail.quoted_printable import quoted_printable
from tests.each_case import for_each

GOLDEN = Path(__file__).parents[2] / "golden"
MESSAGES = json.loads((GOLDEN / "messages.json").read_text("utf-8"))
NAMES = json.loads((GOLDEN / "to_headers.json").read_text("utf-8"))

ADDED = {"Auto-Submitted"}
LEFT_OUT = {"List-Unsubscribe-Post"}  # the recorded shop has http links
NOT_DECODED = {24: "the name itself reads `=?utf-8?B?WA==?=`; Maho's header lets it be decoded"}
REFUSED = {
    9: "the name contains a line feed; Maho drops it",
    25: "the name contains a line break and `Bcc:`; Maho joins the lines",
}


def identity(case: dict[str, Any]) -> str:
    return f"{case['release']}: {case['case']}"


@for_each("case", MESSAGES, ids=identity)
def test_a_reader_sees_maho_s_message(case: dict[str, Any]) -> None:
    maho = _read(case["raw"])

    ours = _read(build_message(_letter(maho)).decode())

    assert _body(ours) == _body(maho)
    for header in ("Subject", "Date", "Message-ID", "List-Unsubscribe", "Content-Type"):
        assert _text(ours, header) == _text(maho, header)
    assert _mailbox(ours, "From") == _mailbox(maho, "From")
    assert _mailbox(ours, "To") == _mailbox(maho, "To")
    assert set(ours) - set(maho) == ADDED
    assert set(maho) - set(ours) <= LEFT_OUT


@for_each("case", [case for case in MESSAGES if case["rcpt_to"]], ids=identity)
def test_the_envelope_is_maho_s(case: dict[str, Any]) -> None:
    envelope = build_envelope(_letter(_read(case["raw"])))

    assert f"<{envelope.sender}>" == case["mail_from"]
    assert [f"<{envelope.recipient}>"] == case["rcpt_to"]


@for_each("case", NAMES, ids=lambda case: str(case["index"]))
def test_the_recipient_is_called_as_maho_calls_him(case: dict[str, Any]) -> None:
    address = case["rcpt_to"][0].strip("<>")
    name = address.partition("@")[0] if case["name"] is None else case["name"]
    letter = _letter(_read(MESSAGES[0]["raw"]), name=name, address=address)

    if case["index"] in REFUSED:
        with pytest.raises(MessageError, match="customer's name contains a line break"):
            build_message(letter)
        return

    seen = _mailbox(_read(build_message(letter).decode()), "To")
    if case["index"] in NOT_DECODED:
        assert seen == (case["name"], address)
    else:
        assert seen == _mailbox(_read(f"To: {case['to']}\r\n\r\n"), "To")


def _letter(maho: Message, *, name: str | None = None, address: str | None = None) -> Mail:
    sender_name, sender = _mailbox(maho, "From")
    recipient_name, recipient = _mailbox(maho, "To")
    return Mail(
        sender_name=sender_name,
        sender_email=sender,
        recipient_name=recipient_name if name is None else name,
        recipient_email=address or recipient,
        subject=_text(maho, "Subject"),
        body=quoted_printable(_body(maho)),
        html=maho.get_content_subtype() == "html",
        message_id=maho["Message-ID"],
        date=parsedate_to_datetime(maho["Date"]),
        unsubscribe_url=_text(maho, "List-Unsubscribe").strip("<>") or None,
    )


def _read(raw: str) -> Message:
    return message_from_string(raw, policy=policy.compat32)


def _text(message: Message, header: str) -> str:
    return str(make_header(decode_header(message.get(header, "").replace("\r\n", ""))))


def _mailbox(message: Message, header: str) -> tuple[str, str]:
    name, address = parseaddr(message[header].replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def _body(message: Message) -> str:
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()
