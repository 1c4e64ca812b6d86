"""Reads the rows of an answer in one loop, where PyMySQL calls six functions for each value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from pymysql.connections import MySQLResult

_NULL = 251  # instead of a value's length
_WIDTHS = {252: 2, 253: 3, 254: 8}  # bytes of a length that does not fit into one
_READ_BYTES = (int, float)  # and return the same for digits in bytes and in a text

# How a column's values are decoded and converted, if they are.
_Column = tuple[str | None, Callable[[Any], Any] | None]


class RowsResult(MySQLResult):
    """An answer with the values and errors of PyMySQL's own, read faster."""

    connection: Any
    converters: Sequence[_Column]
    _check_packet_is_eof: Callable[[Any], bool]
    _read_row_from_packet: Callable[[Any], tuple[Any, ...]]

    def _read_rowdata_packet(self) -> None:
        connection = self.connection
        columns = [(None if convert in _READ_BYTES else encoding, convert)
                   for encoding, convert in self.converters]  # fmt: skip
        rows: list[tuple[Any, ...]] = []
        while True:
            arrived, length = whole_rows(connection.arrived(), connection._next_seq_id, columns)
            rows += arrived
            connection._rfile.read(length)
            connection._next_seq_id = (connection._next_seq_id + len(arrived)) % 256
            packet = connection._read_packet()
            if self._check_packet_is_eof(packet):
                break
            rows.append(self._read_row_from_packet(packet))
        self.connection = None
        self.affected_rows, self.rows = len(rows), tuple(rows)


def whole_rows(
    data: bytes, number: int, columns: Sequence[_Column]
) -> tuple[list[tuple[Any, ...]], int]:
    """Return the rows with which `data` begins, and how many bytes they take.

    `number` is that of the first packet. PyMySQL reads the rest: an incomplete row, the end of the
    rows, an error, and a row that cannot be decoded, for which it raises its own error.
    """
    rows: list[tuple[Any, ...]] = []
    start = 0
    with suppress(LookupError, ValueError, ArithmeticError):
        while True:
            at = start + 4
            end = at + int.from_bytes(data[start : at - 1], "little")
            if data[at - 1] != number or end > len(data):
                break
            row: list[Any] = []
            for encoding, convert in columns:
                length = data[at]
                at += 1
                if length == _NULL:
                    row.append(None)
                    continue
                if length > _NULL:
                    width = _WIDTHS[length]
                    length = int.from_bytes(data[at : at + width], "little")
                    at += width
                value: Any = data[at : at + length]
                at += length
                if encoding is not None:
                    value = value.decode(encoding)
                row.append(value if convert is None else convert(value))
            if at != end:  # also that of the end of the rows, and of an error
                break
            rows.append(tuple(row))
            start, number = end, (number + 1) % 256
    return rows, start
