"""The body of a message: one part, or a plain-text and an HTML part to choose from."""

from __future__ import annotations

import hashlib


def part_lines(subtype: str) -> list[str]:
    """Return the header lines of a part in quoted-printable."""
    return [
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]


def alternative(text: bytes, html: bytes, *, unique: str) -> tuple[list[str], bytes]:
    """Return the header lines and the content of a body with two parts, the better one last.

    Both are in quoted-printable.

    `unique` is text that no other message has: forwarded ones may end up inside each other.
    """
    boundary = _boundary(unique)
    delimiter = f"\r\n--{boundary}".encode()
    content = b"".join(
        (
            delimiter[2:],
            _head("plain"),
            text,
            delimiter,
            _head("html"),
            html,
            delimiter,
            b"--\r\n",
        )
    )
    return [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"'], content


def _boundary(unique: str) -> str:
    """Return a line that is in no part: quoted-printable never has `=_`."""
    return "=_" + hashlib.blake2b(unique.encode(), digest_size=16).hexdigest()


def _head(subtype: str) -> bytes:
    return "\r\n".join(["", *part_lines(subtype), "", ""]).encode()
