"""Reads the mails that the demo wrote."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class WrittenMail:
    """What a person sees of an .eml file: `body` in a browser, `text` in a terminal."""

    file: Path
    sender: str
    recipient: str
    subject: str
    unsubscribe: str
    body: str
    text: str


def read_mails(folder: Path) -> list[WrittenMail]:
    """Return every mail in `folder`, by file name."""
    return [_read(file) for file in sorted(folder.glob("*.eml"))]


def _read(file: Path) -> WrittenMail:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return WrittenMail(
        file=file,
        sender=str(message["From"]),
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        unsubscribe=str(message["List-Unsubscribe"]),
        body=_content(message, "html", "plain"),
        text=_content(message, "plain"),
    )


def _content(message: EmailMessage, *kinds: str) -> str:
    part = message.get_body(kinds)
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""
