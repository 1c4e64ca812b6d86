"""The same message by Python's standard library, and the proof that it is the same."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from tests.benchmarks.messages.letters import Letter

_POLICY = policy.SMTP
_HEADERS = (
    "Subject", "From", "To", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Message-ID",
    "MIME-Version", "Date", "Auto-Submitted", "Feedback-ID",
)  # fmt: skip


def standard_message(written: Letter) -> bytes:
    """Return the letter as `EmailMessage.as_bytes` writes it."""
    letter, message = written.mail, EmailMessage(policy=_POLICY)
    message["Subject"] = letter.subject
    message["From"] = _mailbox(letter.sender_name, letter.sender_email)
    message["To"] = _mailbox(letter.recipient_name, letter.recipient_email)
    message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Id"] = f"{letter.sender_name} <{letter.list_id}>"
    message["Message-ID"] = letter.message_id
    message["Date"] = format_datetime(letter.date)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(written.text, cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def differences(ours: bytes, standard: bytes) -> list[str]:
    """Return what a mail reader would see otherwise: header values, parts, bytes of the parts."""
    one, other = _read(ours), _read(standard)
    found = [
        f"{name}: {one[name]!r} and {other[name]!r}"
        for name in _HEADERS
        if str(one[name]).strip() != str(other[name]).strip()
    ]
    found += [f"{name} is missing" for name in {*other.keys()} - {*one.keys()}]
    parts = [[_part(part) for part in message.walk()] for message in (one, other)]
    if parts[0] != parts[1]:
        found.append("the parts differ")
    if _encoded_parts(ours) != _encoded_parts(standard):
        found.append("the bytes of the parts differ")
    return found


def _mailbox(name: str, email: str) -> Address:
    return Address(name, addr_spec=email)


def _read(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _part(part: EmailMessage) -> tuple[str, object, object]:
    return part.get_content_type(), part.get_content_charset(), part.get_payload(decode=True)


def _encoded_parts(data: bytes) -> list[str]:
    """Return the parts as they travel, with line ends of the same kind and no soft line breaks."""
    parts = [part for part in _read(data).walk() if not part.is_multipart()]
    return [str(part.get_payload()).replace("\r\n", "\n").replace("=\n", "") for part in parts]
