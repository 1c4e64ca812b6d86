"""The body of a message: one part, or a plain-text and an HTML part to choose from."""

from __future__ import annotations

import hashlib


def single(body: bytes, *, html: bool) -> tuple[list[str], bytes]:
    """Return the header lines and the content of a body of one part, in quoted-printable."""
    return _part_lines("html" if html else "plain"), body


def alternative(text: bytes, html: bytes, *, unique: str) -> tuple[list[str], bytes]:
    """Return the header lines and the content of a body with two parts, the better one last.

    Both are in quoted-printable. `unique` is text that no other message contains: a forwarded
    message may end up inside another.
    """
    # Quoted-printable never contains `=_`.
    boundary = "=_" + hashlib.blake2b(unique.encode(), digest_size=16).hexdigest()
    line = f"--{boundary}".encode()
    content = b"%b%b%b\r\n%b%b%b\r\n%b--\r\n" % (line, _PLAIN, text, line, _HTML, html, line)
    return [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"'], content


def _part_lines(subtype: str) -> list[str]:
    return [
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]


_PLAIN, _HTML = (
    "\r\n".join(["", *_part_lines(subtype), "", ""]).encode() for subtype in ("plain", "html")
)
