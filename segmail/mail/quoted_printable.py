"""Text as quoted-printable (RFC 2045), of which most is written once for many mails.

A line is cut where two tags touch (`><`), and each stretch is encoded by itself. So a value
changes nothing beyond its stretch, and what stands around it can be kept as it was encoded.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Sequence
from functools import lru_cache

from segmail.errors import MessageError

HALF_A_PAIR = (
    "The message holds half of a surrogate pair, which no encoding can write; "
    "look for broken characters in the template and the customer's data."
)

_LONG = 500  # characters; longer stretches are not kept, to be small in memory
_HARD, _SOFT = b"\r\n", b"=\r\n"


def quoted_printable(text: str) -> bytes:
    """Return the text with CRLF line ends, lines of at most 76 characters, 7-bit clean.

    No line begins with a dot, which mail servers would have to double. Raises MessageError for
    what no encoding can write.
    """
    return _encoded_lines(_with_line_feeds(text).removesuffix("\n")) + _HARD


class ReadyText:
    """Pieces of a text that are encoded once, but for the stretches in which values stand.

    `order` says which of the values stands behind each piece but the last. Values are not empty,
    have no carriage returns and do not end with a line feed.
    """

    def __init__(self, pieces: Sequence[str], order: Sequence[int]) -> None:
        self._parts: list[tuple[bytes, tuple[str | int, ...]]] = []
        ready, stretch = b"", list[str | int]()
        behind: Sequence[int | None] = (*order, None)
        for number, (piece, value) in enumerate(zip(pieces, behind, strict=True)):
            text = _with_line_feeds(piece)
            text = text if number < len(order) else text.removesuffix("\n")
            for part, end in _stretches(text):
                stretch.append(part)
                if not end and value is not None:
                    stretch.append(value)
                elif len(stretch) == 1:
                    ready, stretch = ready + _encoded(part) + (end or _HARD), []
                else:
                    self._parts.append((ready, tuple(stretch)))
                    ready, stretch = end or _HARD, []
        self._rest = ready

    def encoded(self, values: Sequence[str]) -> bytes:
        """Return what `quoted_printable` makes of the text with these values."""
        found: list[bytes] = []
        for ready, stretch in self._parts:
            text = "".join([part if isinstance(part, str) else values[part] for part in stretch])
            found += ready, _encoded_lines(text)
        return b"".join((*found, self._rest))


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encoded_lines(text: str) -> bytes:
    if "\n" not in text and "><" not in text:
        return _encoded(text)
    return b"".join([_encoded(part) + end for part, end in _stretches(text)])


def _stretches(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is encoded by itself, each with the line end behind it; the last has none."""
    *lines, last = text.split("\n")
    for line in lines:
        yield from _cut(line, _HARD)
    yield from _cut(last, b"")


def _cut(line: str, end: bytes) -> Iterator[tuple[str, bytes]]:
    start = 0
    while touch := line.find("><", start) + 1:
        yield line[start:touch], _SOFT
        start = touch
    yield line[start:], end


def _encoded(stretch: str) -> bytes:
    return _encoded_again(stretch) if len(stretch) < _LONG else _encode(stretch)


@lru_cache(maxsize=1024)  # most stretches of a newsletter are the same in every mail
def _encoded_again(stretch: str) -> bytes:
    return _encode(stretch)


def _encode(stretch: str) -> bytes:
    try:
        data = stretch.encode()
    except UnicodeEncodeError as error:
        raise MessageError(HALF_A_PAIR) from error
    written = b"\n" + binascii.b2a_qp(data + _HARD)[: -len(_HARD)]
    while b"\n." in written:  # a line of its own for the dot: the others keep their length
        written = written.replace(b"\n.", b"\n=2E=\r\n")
    return written[1:]
