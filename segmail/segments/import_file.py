"""Reads a file of customers: ids or e-mail addresses, one per line or in a column of a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from segmail.errors import InputError
from segmail.maho.db.letter_case import lower_case
from segmail.segments.conditions.families.customer_list import LONGEST

LARGEST = 20_000_000  # bytes of a file

_COLUMNS = ("customer_id", "entity_id", "email")  # the first one that is filled in a row counts
_EXPIRES = ("expires", "expires_at", "expire", "until")
_SINCE = ("date", "since", "created_at", "resolved_at")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class ListedCustomer:
    """A customer of a file: an id or e-mail address, and the dates in the same row.

    `expires` is the moment from which the customer is no longer listed, `since` is the moment from
    which `--expire` counts. A time without a zone is in that of the customer's website.
    """

    mention: str
    expires: datetime | None = None
    since: datetime | None = None


def read_customers(data: bytes, file: str) -> list[ListedCustomer]:
    """Return the customers of a file, each once regardless of case, by their first and last rows.

    A first line that contains a comma, semicolon or tab, or that is a known column, is the header
    of a CSV. A file without customers gives an empty list. `file` is its name in messages. Raises
    InputError for a file that cannot be read or has more than 20,000 customers.
    """
    rows = _rows(_text(data, file), file)
    found: dict[str, ListedCustomer] = {}
    for row in rows:
        if row.mention:
            found.setdefault(lower_case(row.mention), row)
            first = found[lower_case(row.mention)].mention
            found[lower_case(row.mention)] = replace(row, mention=first)
    if len(found) > LONGEST:
        raise InputError(f"{file} has {len(found):,} customers; a list holds {LONGEST:,}.")
    return list(found.values())


def _text(data: bytes, file: str) -> str:
    if len(data) > LARGEST:
        raise InputError(f"{file} is longer than {LARGEST:,} bytes.")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8; save it as text or CSV in UTF-8.") from None


def _rows(text: str, file: str) -> list[ListedCustomer]:
    lines = text.splitlines() or [""]
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{file} is no CSV: {error}.") from None
    header = [name.strip().lower() for name in table[0]] if table else []
    columns = [header.index(name) for name in _COLUMNS if name in header]
    if columns:
        expires, since = (_column(header, names) for names in (_EXPIRES, _SINCE))
        return [
            ListedCustomer(
                _first(row, columns),
                expires=_moment(row, expires, f"{file}, row {number}", end_of_day=True),
                since=_moment(row, since, f"{file}, row {number}", end_of_day=False),
            )
            for number, row in enumerate(table[1:], start=2)
        ]
    if len(header) > 1:
        raise InputError(f"{file} has no column customer_id, entity_id or email in its header.")
    return [ListedCustomer(line.strip()) for line in lines]


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _moment(
    row: Sequence[str], column: int | None, where: str, *, end_of_day: bool
) -> datetime | None:
    """Return the time in a cell, with a zone only if it names one; for a date its start or end."""
    text = row[column].strip() if column is not None and column < len(row) else ""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        what = f"'{text}' is no date such as 2026-12-31 or 2026-12-31 18:00"
        raise InputError(f"{where}: {what}.") from None
    if end_of_day and len(text) <= len("2026-12-31"):
        try:
            moment += timedelta(days=1)
        except OverflowError:  # the last possible day
            moment = moment.replace(hour=23, minute=59)
    return moment


def _first(row: Sequence[str], columns: Sequence[int]) -> str:
    """Return the first of the columns that is filled."""
    cells = (row[column].strip() for column in columns if column < len(row))
    return next((cell for cell in cells if cell), "")
