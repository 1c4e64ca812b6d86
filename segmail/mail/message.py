"""Turns a letter into the bytes of a message, ready for the mail server.

The bytes are written directly instead of through `email.message.EmailMessage`, which takes twenty
times as long and would be the slowest part of sending; the tests compare both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from segmail.errors import MessageError
from segmail.mail.address import Address, parse_address
from segmail.mail.envelope import Envelope
from segmail.mail.headers import mailbox_header, one_line, text_header
from segmail.mail.quoted_printable import HALF_A_PAIR

_SENDER = "The template's sender e-mail (template_sender_email)"
_SENDER_NAME = "The template's sender name (template_sender_name)"
_SUBJECT = "The template's subject (template_subject)"
_RECIPIENT = "The subscriber's e-mail (newsletter_subscriber.subscriber_email)"
_RECIPIENT_NAME = "The customer's name"
_UNSUBSCRIBE = "The unsubscribe link"
_LIST = "The List-Id"

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LIST_ID = re.compile(r"[\w-]+(?:\.[\w-]+)+", re.ASCII)
_IN_URL = "".join(map(chr, range(0x21, 0x7F))).translate({ord(c): None for c in '<>"'})
_LONGEST_URL = 900
_LONGEST_LIST_ID = 255
MAX_MESSAGE = 1_000_000  # bytes; mailboxes accept more, but no newsletter is as long
_OURS = {
    "subject", "from", "to", "cc", "bcc", "sender", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "message-id", "mime-version", "date", "content-type",
    "content-transfer-encoding", "auto-submitted",
}  # fmt: skip


@dataclass(frozen=True)
class Mail:
    """What one customer is sent, before it is a message; body and text are quoted-printable."""

    sender_name: str
    sender_email: str
    recipient_name: str  # may be empty
    recipient_email: str
    subject: str
    body: bytes
    html: bool
    message_id: str  # <unique@domain>
    date: datetime  # aware
    text: bytes = b""  # the same in plain text, beside an HTML body
    unsubscribe_url: str | None = None
    list_id: str | None = None  # such as newsletter.example.com
    headers: Mapping[str, str] = field(default_factory=dict)  # further ones, such as Feedback-ID


def build_message(letter: Mail) -> bytes:
    """Return the message as RFC 5322 bytes; only CRLF ends lines, and no line begins with a dot.

    Raises MessageError, naming the field to fix, for a missing sender or subject, an impossible
    address, any value that would break out of its header, and more than MAX_MESSAGE bytes.
    """
    body_lines, parts = _body(letter)
    try:
        head = "\r\n".join([*_header_lines(letter, body_lines), "", ""])
        message = b"".join([head.encode(), *parts])
    except UnicodeEncodeError as error:
        raise MessageError(HALF_A_PAIR) from error
    if len(message) > MAX_MESSAGE:
        raise MessageError(
            f"The message has {len(message):,} bytes with its plain-text part; the limit is "
            f"{MAX_MESSAGE:,}."
        )
    return message


def build_envelope(letter: Mail, *, sender: str | None = None) -> Envelope:
    """Return the message with its SMTP envelope; raises MessageError as `build_message` does.

    The envelope's sender, to which bounces go, is the letter's unless `sender` names another.
    """
    data = build_message(letter)
    author = parse_address(letter.sender_email, _SENDER)
    bounces_to = parse_address(sender, _SENDER) if sender else author
    recipient = parse_address(letter.recipient_email, _RECIPIENT)
    utf8 = bounces_to.utf8 or recipient.utf8 or author.utf8
    return Envelope(str(bounces_to), str(recipient), data, utf8)


def sender_domain(sender_email: str) -> str:
    """Return the sender's domain as headers hold it; Maho forms its Message-IDs with it, too."""
    return parse_address(_required(sender_email, _SENDER), _SENDER).domain


def _body(letter: Mail) -> tuple[list[str], tuple[bytes, ...]]:
    """Return the header lines and the content of the body: one part, or the better one last."""
    if not (letter.html and letter.text):
        return _part_lines("html" if letter.html else "plain"), (letter.body,)
    # No other message contains it, such as one that is forwarded within this one, and
    # quoted-printable never contains `=_`.
    boundary = "=_" + hashlib.blake2b(letter.message_id.encode(), digest_size=16).hexdigest()
    line = f"--{boundary}".encode()
    lines = [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"']
    return lines, (
        *(line, _PLAIN, letter.text, b"\r\n"),
        *(line, _HTML, letter.body, b"\r\n"),
        *(line, b"--\r\n"),
    )


def _part_lines(subtype: str) -> list[str]:
    return [
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]


_PLAIN, _HTML = (
    "\r\n".join(["", *_part_lines(subtype), "", ""]).encode() for subtype in ("plain", "html")
)


def _header_lines(letter: Mail, body_lines: Sequence[str]) -> list[str]:
    author, list_lines, further = _shared_lines(
        letter.sender_name, letter.sender_email, letter.list_id, tuple(letter.headers.items())
    )
    return [
        text_header("Subject", _required(letter.subject, _SUBJECT), what=_SUBJECT),
        author,
        mailbox_header(
            "To",
            letter.recipient_name,
            str(_address(letter.recipient_email, _RECIPIENT)),
            what=_RECIPIENT_NAME,
        ),
        *_unsubscribe_lines(letter.unsubscribe_url),
        *list_lines,
        f"Message-ID: {_checked_id(letter.message_id)}",
        "MIME-Version: 1.0",
        _date_line(letter.date, letter.date.utcoffset()),
        *body_lines,
        "Auto-Submitted: auto-generated",
        *further,
    ]


@lru_cache(maxsize=16)  # the mails of a batch have one
def _date_line(date: datetime, _offset: timedelta | None) -> str:
    """Return the Date; moments that are equal are written differently at another offset."""
    return f"Date: {format_datetime(date)}"


@lru_cache(maxsize=64)
def _shared_lines(
    sender_name: str, sender_email: str, list_id: str | None, headers: tuple[tuple[str, str], ...]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the lines that are the same in all mails of one step in one store."""
    further = tuple(_further_line(name, value) for name, value in headers)
    return _from_line(sender_name, sender_email), _list_lines(sender_name, list_id), further


def _required(value: str, what: str) -> str:
    if not value.strip():
        raise MessageError(f"{what} is empty; fill it in.")
    return value


def _address(text: str, what: str) -> Address:
    return parse_address(one_line(_required(text, what), what), what)


def _from_line(name: str, email: str) -> str:
    shown = _required(name, _SENDER_NAME)
    return mailbox_header("From", shown, str(_address(email, _SENDER)), what=_SENDER_NAME)


def _unsubscribe_lines(url: str | None) -> list[str]:
    """Return the headers of RFC 2369 and 8058; one-click works over https only."""
    if url is None:
        return []
    written = quote(one_line(url, _UNSUBSCRIBE), safe=_IN_URL)
    if len(written) > _LONGEST_URL:
        raise MessageError(f"{_UNSUBSCRIBE} is longer than {_LONGEST_URL} characters.")
    lines = [f"List-Unsubscribe: <{written}>"]
    if written.lower().startswith("https://"):
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return lines


def _list_lines(sender_name: str, list_id: str | None) -> tuple[str, ...]:
    """Return the header of RFC 2919, by which mail readers sort; people see the sender's name."""
    if list_id is None:
        return ()
    if not _LIST_ID.fullmatch(list_id) or len(list_id) > _LONGEST_LIST_ID:
        raise MessageError(f"{_LIST} must be like newsletter.example.com.")
    return (mailbox_header("List-Id", sender_name, list_id, what=_SENDER_NAME),)


def _checked_id(identifier: str) -> str:
    if not _MESSAGE_ID.fullmatch(identifier):
        raise MessageError(f"{identifier!r} is not a Message-ID; it must read <unique@domain>.")
    return identifier


def _further_line(name: str, value: str) -> str:
    if name.lower() in _OURS:
        raise MessageError(f"The header {name} is segmail's own and cannot be given twice.")
    return text_header(name, value)
