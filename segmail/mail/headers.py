"""Header lines of a message: folded, encoded (RFC 2047), quoted (RFC 5322).

Lines end with CRLF and have at most 78 characters if the value allows it.
"""

from __future__ import annotations

import re
import string
from base64 import b64encode
from collections.abc import Iterable

from segmail.errors import MessageError

_LINE = 78  # RFC 5322 section 2.1.1: recommended; 998 is the limit
_ENCODED_LINE = 76  # RFC 2047 section 2
_LONGEST_WORD = 900
_LONGEST_QUOTED = 60

_NAME = re.compile(r"(?!\.)[!-9;-~]+")  # mail servers would have to double the dot
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LINE_BREAK = re.compile(r"[\r\n\0]")
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")

_Q_PLAIN = string.ascii_letters + string.digits + "!*+-/"
_Q = [chr(byte) if chr(byte) in _Q_PLAIN else f"={byte:02X}" for byte in range(256)]
_Q[ord(" ")] = "_"


def text_header(name: str, value: str, *, what: str = "") -> str:
    """Return the line of a header with free text, such as Subject.

    Raises MessageError, naming `what`, for a value or name that would break out of its line.
    """
    if not _NAME.fullmatch(name):
        raise MessageError(f"{name!r} cannot be the name of a header.")
    value = one_line(value, what or f"The header {name}")
    if not _is_plain(value):
        return _encoded(name, value)
    line = f"{name}: {value}"
    if len(line) <= _LINE:
        return line
    if "  " in value or max(map(len, value.split(" "))) > _LONGEST_WORD:
        return _encoded(name, value)
    return _folded(line)


def mailbox_header(name: str, display_name: str, mailbox: str, *, what: str) -> str:
    """Return the line of a header with one mailbox; without a display name, the bare address."""
    phrase = one_line(display_name, what)
    if not phrase:
        return f"{name}: {mailbox}"
    if _is_plain(phrase) and len(phrase) <= _LONGEST_QUOTED:
        start = f"{name}: {phrase if _ATOMS.fullmatch(phrase) else quoted(phrase)}"
    else:
        start = _encoded(name, phrase)
    last_line = start.rpartition("\n")[2]
    gap = " " if len(last_line) + len(mailbox) + 3 <= _LINE else "\r\n "
    return f"{start}{gap}<{mailbox}>"


def one_line(value: str, what: str) -> str:
    """Return the value trimmed, with spaces instead of control characters.

    Raises MessageError, naming `what`, if it could begin a header of its own.
    """
    if value.isprintable():  # most values are, and this check is much faster
        return value.strip()
    if _LINE_BREAK.search(value):
        raise MessageError(f"{what} contains a line break or a NUL character; remove it.")
    return _CONTROL.sub(" ", value).strip()


def _is_plain(value: str) -> bool:
    """Return whether the value stands for itself: `=?` would be read as an encoded word."""
    return value.isascii() and value.isprintable() and "=?" not in value


def quoted(phrase: str) -> str:
    """Return a phrase as a quoted string."""
    return '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folded(line: str) -> str:
    name, *words = line.split(" ")
    lines = [f"{name} {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "\r\n".join(lines)


def _encoded(name: str, value: str) -> str:
    """Return the header with all of the value in encoded words: Q for mostly Latin text, or B."""
    room = max(24, _ENCODED_LINE - len(f"{name}: =?utf-8?q??="))
    data = [char.encode("utf-8") for char in value]
    quoted = ["".join(_Q[byte] for byte in char) for char in data]
    if sum(map(len, quoted)) <= 2 * sum(map(len, data)):
        words = [f"=?utf-8?q?{word}?=" for word in _packed(quoted, room)]
    else:
        chunks = _packed([char.decode("latin-1") for char in data], room // 4 * 3)
        words = [f"=?utf-8?b?{b64encode(it.encode('latin-1')).decode()}?=" for it in chunks]
    return f"{name}: " + "\r\n ".join(words)


def _packed(characters: Iterable[str], room: int) -> list[str]:
    """Join encoded characters into words of at most `room`, none split over two words."""
    words = [""]
    for character in characters:
        if len(words[-1]) + len(character) > room:
            words.append("")
        words[-1] += character
    return words
