"""Makes text from outside safe to show: the one place that says which characters may be printed.

A name, a subject or a server's answer can contain sequences that control a terminal, forge a log
line, or reverse the order in which the text around them is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# C0 except tab and line feed, DEL, C1; direction marks, embeddings, overrides and isolates; the
# separators that some viewers take as line ends; halves of surrogate pairs, which no encoding can
# write.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
_SHORTEST_SECRET = 4  # characters; hiding shorter ones would punch holes into ordinary words


def printable(text: str) -> str:
    """Return the text without the characters that could control a terminal; lines stay lines."""
    if text.isascii() and text.isprintable():  # most text is
        return text
    return _STEERING.sub("", text.replace("\r\n", "\n"))


def escaped(text: str) -> str:
    """Return JSON with escapes for what `printable` leaves out: a reader gets it back."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return the text as one printable line, whatever line ends it contained."""
    if text.isascii() and text.isprintable():  # most text is
        return text.strip()
    return " ".join(part.strip() for part in re.split("[\r\n]+", printable_lines(text)))


def printable_lines(text: str) -> str:
    """Return the text printable, with every kind of line end as a line feed."""
    return printable(re.sub("\r\n?|[\u2028\u2029\x85\x0b\x0c]", "\n", text))


def without_secrets(text: str, secrets: Collection[str]) -> str:
    """Return the text with `***` instead of each secret, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def without_addresses(text: str) -> str:
    """Return the text with `ADDRESS` in place of each e-mail address: a server's answer has one.

    It then names no customer, and answers that differ in nothing else are the same.
    """
    return _ADDRESS.sub("ADDRESS", text)
