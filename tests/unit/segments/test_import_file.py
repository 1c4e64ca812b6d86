"""Files of customers that `segment import` reads."""

from __future__ import annotations

from datetime import datetime

import pytest

from segmail.errors import InputError
from segmail.segments.import_file import LARGEST, read_customers
from tests.each_case import for_each


@for_each(
    ("text", "mentions"),
    [
        ("7\n\n Ada@Example.test \r\n7\n", ["7", "Ada@Example.test"]),
        ("customer_id\n7\n8\n", ["7", "8"]),
        (
            "Äda@x.test\näda@x.test\nİda@x.test\nida@x.test\n",
            ["Äda@x.test", "İda@x.test", "ida@x.test"],
        ),
        ("ticket,Email\n1,ada@x.test\n2,\n", ["ada@x.test"]),
        ("\ufeffentity_id;email\n7;ada@x.test\n;bob@x.test\n", ["7", "bob@x.test"]),
        ('note\tcustomer_id\n"two\nlines"\t7\nshort\n', ["7"]),
    ],
)
def test_customers_are_read(text: str, mentions: list[str]) -> None:
    assert [one.mention for one in read_customers(text.encode(), "file")] == mentions


@for_each(
    ("data", "fault"),
    [
        (b"email,expires\nada@x.test,soon\n", "file, row 2: 'soon' is no date"),
        (b"name,phone\nAda,1\n", "no column customer_id, entity_id or email"),
        (b'email\n"ada@x.test', "file is no CSV: unexpected end of data"),
        ("é".encode("latin-1"), "file is not UTF-8"),
        (b"7" * (LARGEST + 1), "file is longer than 20,000,000 bytes"),
        ("\n".join(map(str, range(20_001))).encode(), "file has 20,001 customers"),
    ],
)
def test_a_useless_file_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_customers(data, "file")


@pytest.mark.parametrize("data", [b"", b" \n", b"email\n"])
def test_a_file_of_nobody_is_an_empty_list(data: bytes) -> None:
    assert read_customers(data, "file") == []


def test_days_stand_beside_customers() -> None:
    file = b"customer_id,date,expires\n7,2026-03-01,\n8,,2026-03-05\n9,,2026-03-05 18:00\n"

    seven, eight, nine = read_customers(file, "file")

    # Without a zone: the caller knows the customer's website.
    assert (seven.since, seven.expires) == (datetime.fromisoformat("2026-03-01"), None)
    assert eight.expires == datetime.fromisoformat("2026-03-06")
    assert nine.expires == datetime.fromisoformat("2026-03-05 18:00")
