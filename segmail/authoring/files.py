"""Templates in files, where they are written before they go into the shop."""

from __future__ import annotations

import sys
from pathlib import Path

from segmail.errors import InputError
from segmail.lint import Letter
from segmail.templates import MAX_OUTPUT

_PLAIN = (".txt", ".text")
_ENDINGS = (*_PLAIN, ".html", ".htm", ".phtml", ".tpl")
_STDIN = "-"


def letter_in_file(given: str) -> Letter | None:
    """Return the template in the file that `given` names, `-` being stdin; None if it is no file.

    A number is always a template's id; write ./7 for a file of that name. A file that ends in .txt
    is a plain-text mail. Raises InputError for a file that cannot be read, or is missing although
    `given` can only be a file.
    """
    if given == _STDIN:
        return _letter("<stdin>", sys.stdin.buffer.read(_LONGEST + 1))
    path = Path(given)
    if given.isdecimal() or not _is_file(path):
        if not given.isdecimal() and (path.suffix.lower() in _ENDINGS or "/" in given):
            raise InputError(f"There is no file '{given}'.")
        return None
    try:
        with path.open("rb") as file:
            return _letter(given, file.read(_LONGEST + 1))
    except OSError as error:
        raise InputError(f"The file '{given}' cannot be read: {error.strerror}.") from error


_LONGEST = 4 * MAX_OUTPUT  # bytes of UTF-8; a longer text has too many characters anyway


def _letter(name: str, data: bytes) -> Letter:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The file '{name}' is not UTF-8: byte {error.start + 1:,}. Save it as UTF-8."
        ) from error
    return Letter(name, None, text, is_html=Path(name).suffix.lower() not in _PLAIN)


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:  # not a possible file name
        return False
