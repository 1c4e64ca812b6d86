"""Reads the mails that the demo wrote, and makes them fit for a terminal."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

_BREAKS = {"p", "div", "br"}


@dataclass(frozen=True)
class Mail:
    """What a person sees of an .eml file."""

    file: Path
    sender: str
    recipient: str
    subject: str
    unsubscribe: str
    html: bool
    body: str

    @property
    def text(self) -> str:
        """The words of the body, one paragraph a line."""
        return _words(self.body) if self.html else self.body


def read_mails(folder: Path) -> list[Mail]:
    """Return every mail in `folder`, by file name."""
    return [_read(file) for file in sorted(folder.glob("*.eml"))]


def _read(file: Path) -> Mail:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return Mail(
        file=file,
        sender=str(message["From"]),
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        unsubscribe=str(message["List-Unsubscribe"]),
        html=message.get_content_type() == "text/html",
        body=message.get_content(),
    )


def _words(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, [])

    def handle_data(self, data: str) -> None:
        self.parts.append(data.replace("\n", " "))
