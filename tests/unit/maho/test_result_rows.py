"""Answers that come in pieces, are cut off or make no sense, read as PyMySQL itself reads them."""

from __future__ import annotations

import io
import socket
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pymysql.connections import Connection
from pymysql.constants import FIELD_TYPE

from segmail.maho.db.pymysql_connection import QuickConnection
from segmail.maho.db.result_rows import whole_rows

_MOMENTS = st.sampled_from([b"2026-03-29 02:30:00", b"0000-00-00 00:00:00"])
_TEXTS = st.integers(0, 9000).map(lambda length: b"x" * length) | st.sampled_from(
    [b"", b"\xc3\xa9"]
)
_VALUES = {
    FIELD_TYPE.LONG: st.integers().map(lambda number: b"%d" % number),
    FIELD_TYPE.DOUBLE: st.floats().map(lambda number: str(number).encode()),
    FIELD_TYPE.NEWDECIMAL: st.decimals().map(lambda number: str(number).encode()),
    FIELD_TYPE.DATETIME: _MOMENTS,
    FIELD_TYPE.VAR_STRING: _TEXTS,
    FIELD_TYPE.JSON: _TEXTS,
    FIELD_TYPE.BIT: st.binary(max_size=3),
}
_END, _ERROR = b"\xfe\0\0\2\0", b"\xff\x10\x04#08S01gone"
_ENDS = st.sampled_from([_END, _END, _END, _ERROR, b"", b"\x01x"])
_SELDOM = st.sampled_from([False, False, False, True])
_FEW_TIMES = st.sampled_from([1, 1, 40])


def _counted(value: bytes | None) -> bytes:
    if value is None:
        return b"\xfb"
    if len(value) <= 250:
        return bytes([len(value)]) + value
    return b"\xfc" + len(value).to_bytes(2, "little") + value


def _column(kind: int) -> bytes:
    names = b"".join(map(_counted, (b"def", b"", b"", b"", b"name", b"")))
    return names + b"\x0c\x2d\0" + b"\xff\0\0\0" + bytes([kind]) + b"\0\0\0\0\0"


def _answer(kinds: Sequence[int], rows: Sequence[bytes], end: bytes = _END) -> bytes:
    packets = [b"\2", *map(_column, kinds), _END, *rows, end]
    return b"".join(
        len(packet).to_bytes(3, "little") + bytes([(number + 1) % 256]) + packet
        for number, packet in enumerate(packets)
    )


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Two columns and their rows; perhaps with a wrong value, wrong bytes, or cut off."""
    kinds = draw(st.lists(st.sampled_from(list(_VALUES)), min_size=2, max_size=2))
    row = st.tuples(*(st.none() | _VALUES[kind] for kind in kinds))
    rows = [b"".join(map(_counted, row)) for row in draw(st.lists(row, max_size=8))]
    rows *= draw(_FEW_TIMES)
    if draw(_SELDOM):
        rows.insert(draw(st.integers(0, len(rows))), draw(st.binary(max_size=9)))
    data = _answer(kinds, rows, draw(_ENDS))
    if draw(_SELDOM):
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + draw(st.binary(max_size=2)) + data[place + 1 :]
    return data[: draw(st.integers(0, len(data)))] if draw(_SELDOM) else data


class _Pieces(io.RawIOBase):
    """What a server sends, a few bytes at a time."""

    def __init__(self, data: bytes, length: int) -> None:
        self._left = io.BytesIO(data)
        self._length = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._left.read(min(len(buffer), self._length))
        buffer[: len(piece)] = piece
        return len(piece)


_NUMBERS = [FIELD_TYPE.LONG, FIELD_TYPE.NEWDECIMAL]
_TEXTS_TOO = [FIELD_TYPE.LONG, FIELD_TYPE.VAR_STRING]
_ROW = b"\x015\x041.50"
_LONG = b"\xfd\x70\x11\x01" + b"x" * 70_000 + b"\xfb"


@given(answers(), st.sampled_from([1, 7, 500, 8192]))
@example(_answer(_NUMBERS, [_ROW] * 600), 8192)
@example(_answer(_NUMBERS, [_ROW, b"\x015\x03x.y", _ROW]), 8192)
@example(_answer(_NUMBERS, [_ROW, _ROW[:-1], _ROW]), 8192)
@example(_answer(_TEXTS_TOO, [_ROW, _ROW[:2], _ROW]), 8192)
@example(_answer(_TEXTS_TOO, [b"\x015" + _counted(b"x" * 300), _ROW]), 8192)
@example(_answer(_NUMBERS, [_ROW, _ROW + b"x", _ROW]), 8192)
@example(_answer(_NUMBERS, [_ROW, b"\xfe" + b"\0" * 8 + b"\xfb"]), 8192)
@example(_answer(_NUMBERS, [_ROW] * 3).replace(b"\6" + _ROW, b"\5" + _ROW), 8192)
@example(_answer([FIELD_TYPE.VAR_STRING] * 2, [_LONG, _LONG]), 200_000)
def test_every_answer_is_read_as_pymysql_reads_it(answer: bytes, piece: int) -> None:
    assert _read(QuickConnection, answer, piece) == _read(Connection, answer, piece)


def test_rows_that_have_arrived_are_read_at_once() -> None:
    columns = [("ascii", int), ("utf8", None)]
    rows = b"".join(b"\7\0\0" + bytes([number]) + _ROW for number in (255, 0, 1))

    assert whole_rows(rows + b"\7\0", 255, columns) == ([(5, "1.50")] * 3, len(rows))


def _read(kind: type[Connection[Any]], answer: bytes, piece: int) -> tuple[object, ...]:
    """Return the rows or the error, and how far the answer was read."""
    connection: Any = kind(defer_connect=True)
    with socket.socket() as unused:
        connection._sock, connection._next_seq_id = unused, 1
        connection._current_timeout = None  # that is, of reading
        file = connection._rfile = io.BufferedReader(_Pieces(answer, piece), max(piece, 8192))
        try:
            connection._read_query_result()
        except Exception as error:  # noqa: BLE001 - compared
            outcome: object = repr(error)
        else:
            outcome = repr(connection._result.rows)
        left = b"" if file.closed else file.read()
        connection._sock = connection._rfile = None
    return outcome, left, connection._next_seq_id
