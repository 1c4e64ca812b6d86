"""Text as quoted-printable (RFC 2045): a whole text, or stretches that many mails share.

A stretch ends with a soft line break, so that text after it cannot change it.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

from segmail.errors import MessageError

HALF_A_PAIR = (
    "The message holds half of a surrogate pair, which no encoding can write; "
    "look for broken characters in the template and the customer's data."
)

_HARD, _SOFT = b"\r\n", b"=\r\n"
# Python writes a space before a line end as three characters, and lets the line become too long.
_LONG_BY_A_BLANK = re.compile(rb"([^\n]{73,})(=20|=09)(?=\r\n)")


def quoted_printable(text: str) -> bytes:
    """Return the text with CRLF line ends, including the last, and at most 76 characters a line.

    No line begins with a dot, which mail servers would have to double. Raises MessageError for
    characters that no encoding can write.
    """
    return _encoded(_with_line_feeds(text).removesuffix("\n")) + _HARD


@lru_cache(maxsize=256)  # a mail contains most values twice, and a run contains many in each mail
def stretch(text: str) -> bytes:
    """Return a text encoded so that stretches, and a whole text after them, can be joined."""
    written = _encoded(_with_line_feeds(text))
    return written + _SOFT if written and not written.endswith(_HARD) else written


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encoded(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise MessageError(HALF_A_PAIR) from error
    # Line ends are written like the first one; the last line has room for a soft break.
    written = binascii.b2a_qp(_HARD + data + _HARD)
    # By `find`: `in` first tries whether what is sought is a number, and takes twice as long.
    if written.find(b"=20\r") >= 0 or written.find(b"=09\r") >= 0:
        written = _LONG_BY_A_BLANK.sub(rb"\1=\r\n\2", written)
    while written.find(b"\n.") >= 0:  # a line of its own for the dot: the others keep their length
        written = written.replace(b"\n.", b"\n=2E=\r\n")
    return written[len(_HARD) : -len(_HARD)]
