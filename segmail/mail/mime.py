"""The body of a message: one part, or a plain-text and an HTML part to choose from."""

from __future__ import annotations

import binascii
import hashlib
from functools import lru_cache

_LONG = 500  # bytes; longer lines are not kept, to be small in memory


def single(body: str, *, html: bool) -> tuple[list[str], bytes]:
    """Return the header lines and the content of a body of one part."""
    return _part_lines("html" if html else "plain"), _quoted_printable(body)


def alternative(text: str, html: str, *, unique: str) -> tuple[list[str], bytes]:
    """Return the header lines and the content of a body with two parts, the better one last.

    `unique` is text that no other message has: forwarded ones may end up inside each other.
    """
    boundary = _boundary(unique)
    delimiter = f"\r\n--{boundary}".encode()
    content = b"".join(
        (
            delimiter[2:],
            _head("plain"),
            _quoted_printable(text),
            delimiter,
            _head("html"),
            _quoted_printable(html),
            delimiter,
            b"--\r\n",
        )
    )
    return [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"'], content


def _boundary(unique: str) -> str:
    """Return a line that is in no part: quoted-printable never has `=_`."""
    return "=_" + hashlib.blake2b(unique.encode(), digest_size=16).hexdigest()


def _part_lines(subtype: str) -> list[str]:
    return [
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]


def _head(subtype: str) -> bytes:
    return "\r\n".join(["", *_part_lines(subtype), "", ""]).encode()


def _quoted_printable(body: str) -> bytes:
    """Return the body with CRLF line ends, lines of at most 76 characters, 7-bit clean."""
    data = body.encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = data.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    encoded = [_encoded_again(line) if len(line) < _LONG else _encoded(line) for line in lines]
    return b"".join(encoded) or b"\r\n"


def _encoded(line: bytes) -> bytes:
    return binascii.b2a_qp(line + b"\r\n")


@lru_cache(maxsize=1024)
def _encoded_again(line: bytes) -> bytes:
    """Most lines of a newsletter are the same in every mail, and each is encoded by itself."""
    return _encoded(line)
