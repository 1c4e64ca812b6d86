"""Reads a file of customers: ids or e-mail addresses, one a line or in a column of a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from segmail.errors import InputError
from segmail.maho.db.letter_case import lower_case
from segmail.segments.conditions.customer_list import LONGEST

LARGEST = 20_000_000  # bytes of a file

_COLUMNS = ("customer_id", "entity_id", "email")  # the first that a row fills counts
_DELIMITERS = ",;\t"


def read_mentions(data: bytes, file: str) -> list[str]:
    """Return the ids and e-mail addresses of a file, each once in whatever case, in its order.

    A first line with a comma, semicolon or tab, or that is a known column, is the header of a CSV.
    `file` is what the file is called in messages. Raises InputError for a file that cannot be
    read, and for one of nobody or of more than 20,000.
    """
    rows = _rows(_text(data, file), file)
    mentions = _once(mention for row in rows if (mention := row.strip()))
    if not mentions:
        raise InputError(f"{file} has no customer ids or e-mail addresses.")
    if len(mentions) > LONGEST:
        raise InputError(f"{file} has {len(mentions):,} customers; a list holds {LONGEST:,}.")
    return mentions


def _once(mentions: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for mention in mentions:
        found.setdefault(lower_case(mention), mention)
    return list(found.values())


def _text(data: bytes, file: str) -> str:
    if len(data) > LARGEST:
        raise InputError(f"{file} is longer than {LARGEST:,} bytes.")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8; save it as text or CSV in UTF-8.") from None


def _rows(text: str, file: str) -> list[str]:
    lines = text.splitlines() or [""]
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{file} is no CSV: {error}.") from None
    header = [name.strip().lower() for name in table[0]] if table else []
    columns = [header.index(name) for name in _COLUMNS if name in header]
    if columns:
        return [_first(row, columns) for row in table[1:]]
    if len(header) > 1:
        raise InputError(f"{file} has no column customer_id, entity_id or email in its header.")
    return lines


def _first(row: Sequence[str], columns: Sequence[int]) -> str:
    """Return the first of the columns that is filled."""
    cells = (row[column].strip() for column in columns if column < len(row))
    return next((cell for cell in cells if cell), "")
