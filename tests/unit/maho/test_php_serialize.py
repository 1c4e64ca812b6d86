"""PHP's serialize(): the reader is exact, bounded, and has an error for everything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.maho.php_serialize import PhpSerializeError, dumps, loads
from tests.each_case import for_each

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.dictionaries(st.integers(0, 99) | TEXT, inner),
    max_leaves=20,
)


def serialize(value: Any) -> bytes:
    """What PHP writes."""
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, str):
        return b's:%d:"%s";' % (len(value.encode()), value.encode())
    pairs = b"".join(serialize(part) for pair in value.items() for part in pair)
    return b"a:%d:{%s}" % (len(value), pairs)


@given(VALUES)
def test_what_was_serialized_is_read_again(value: Any) -> None:
    assert loads(serialize(value)) == value
    assert dumps(value).encode() == serialize(value)


def test_lists_are_written_as_arrays_numbered_from_0() -> None:
    assert dumps(["ä", 7]) == 'a:2:{i:0;s:2:"ä";i:1;i:7;}'


@for_each(
    ("data", "value"), [(b"d:1.5;", 1.5), (b"d:-1.0E+25;", -1e25), (b"i:-7;", -7), (b"b:0;", False)]
)
def test_numbers(data: bytes, value: float) -> None:
    assert loads(data) == value


@for_each(
    "data",
    [
        b"",
        b"N",
        b"i:1",
        b"i:;",
        b"i:1.5;",
        b"d:--;",
        b"b:2;",
        b's:2:"abc";',
        b's:4:"abc";',
        b's:1:"\xff";',
        b's:-1:"";',
        b"a:1:{i:0;}",
        b"a:2:{i:0;N;}",
        b"a:0:{i:0;N;}",
        b"a:1:{N;N;}",
        b"a:1:{b:1;N;}",
        b"a:1:{a:0:{}N;}",
        b"a:99999999:{",
        b"N;N;",
        b" N;",
        b"N;\n",
    ],
)
def test_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(PhpSerializeError, match=r"^byte [0-9]"):
        loads(data)


@for_each(
    "data",
    [b'O:8:"stdClass":0:{}', b'C:1:"A":0:{}', b"R:1;", b"r:1;", b'E:1:"A";', b'S:1:"\\41";'],
)
def test_objects_and_references_are_refused(data: bytes) -> None:
    with pytest.raises(PhpSerializeError):
        loads(b"a:1:{i:0;" + data + b"}")


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(PhpSerializeError, match="nested more than 200 deep"):
        loads(b"a:1:{i:0;" * 5000)
    with pytest.raises(PhpSerializeError, match="more than 4,000,000 bytes"):
        loads(b" " * 5_000_000)


@given(st.binary())
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    with suppress(PhpSerializeError):
        loads(data)


@given(VALUES, st.data())
def test_damaged_data_raises_nothing_else(value: Any, random: st.DataObject) -> None:
    whole = serialize(value)
    at = random.draw(st.integers(0, len(whole)))
    length = random.draw(st.integers(0, 3))

    with suppress(PhpSerializeError):
        loads(whole[:at] + random.draw(st.binary(max_size=3)) + whole[at + length :])
