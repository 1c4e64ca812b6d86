"""Files of customers that `segment import` reads."""

from __future__ import annotations

import pytest

from segmail.errors import InputError
from segmail.segments.import_file import LARGEST, read_mentions


@pytest.mark.parametrize(
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
    assert read_mentions(text.encode(), "file") == mentions


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b" \n", "file has no customer ids"),
        (b"email\n", "file has no customer ids"),
        (b"name,phone\nAda,1\n", "no column customer_id, entity_id or email"),
        (b'email\n"ada@x.test', "file is no CSV: unexpected end of data"),
        ("é".encode("latin-1"), "file is not UTF-8"),
        (b"7" * (LARGEST + 1), "file is longer than 20,000,000 bytes"),
        ("\n".join(map(str, range(20_001))).encode(), "file has 20,001 customers"),
    ],
)
def test_a_useless_file_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_mentions(data, "file")
