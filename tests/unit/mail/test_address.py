"""What is an address, and how it is written."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import MessageError
from segmail.mail.address import parse_address
from tests.each_case import for_each


@for_each(
    ("text", "written"),
    [
        ("ada@example.com", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("Ada.Lovelace+x@Example.COM", "Ada.Lovelace+x@Example.COM"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("root@localhost", "root@localhost"),
        ("ada@[127.0.0.1]", "ada@[127.0.0.1]"),
        ("ada@[IPv6:::1]", "ada@[IPv6:::1]"),
        ("ada@under_score.example.com", "ada@under_score.example.com"),
        ('"ada lovelace"@example.com', '"ada lovelace"@example.com'),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("a..b@example.jp", '"a..b"@example.jp'),
        ("ab.@example.jp", '"ab."@example.jp'),
        ("ada@müller.example", "ada@xn--mller-kva.example"),
        ("ada@MÜLLER.example", "ada@xn--mller-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@ｅｘａｍｐｌｅ。ｃｏｍ", "ada@example.com"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada@пример.испытание", "ada@xn--e1afmkfd.xn--80akhbyknj4f"),
        ("ada@نامه\u200cای.com", "ada@xn--mgba3gch31f060k.com"),
        ("дора@example.com", "дора@example.com"),
    ],
)
def test_an_address_is_written_as_a_mail_server_takes_it(text: str, written: str) -> None:
    assert str(parse_address(text, "The address")) == written


@for_each(
    ("domain", "written"),
    [
        ("straße.example", "xn--strae-oqa.example"),  # not strasse, as IDNA 2003 had it
        ("STRAẞE.example", "xn--strae-oqa.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),  # a sigma at the end is not one inside
        ("ශ්\u200dරී.example", "xn--10cl1a0b660p.example"),  # joiners decide how a word is read
        ("نامه\u200cای.example", "xn--mgba3gch31f060k.example"),
        ("cafe\u0301.example", "xn--caf-dma.example"),
        ("pal·lel.example", "xn--pallel-dla.example"),  # the Catalan dot, between two l
        ("אבג1.example", "xn--1-zhcde.example"),
        ("soft\u00adhyphen.example", "softhyphen.example"),
        ("ｘｎ－－mller-kva.example", "xn--mller-kva.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
        ("XN--MLLER-KVA.Example", "XN--MLLER-KVA.Example"),
        ("xn--ls8h.example", "xn--ls8h.example"),  # an emoji: refused as such, but it is asked for
        ("under_score.müller.example", "under_score.xn--mller-kva.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("ä" * 57 + ".example", "xn--4c" + "a" * 57 + ".example"),  # 63 octets
    ],
)
def test_an_international_domain_is_written_as_idna_2008_has_it(domain: str, written: str) -> None:
    assert parse_address(f"ada@{domain}", "The address").domain == written


@for_each(
    "domain",
    [
        "a\u200db.example",  # joiners that join nothing
        "a\u200cb.example",
        "a·b.example",
        "אa.example",  # from right to left, then from left to right
        "אבג-.example",
        "٣.example",
        "mü_ller.example",
        "ｕｎｄｅｒ＿ｓｃｏｒｅ.example",
        "-ü.example",
        "aa--ü.example",
        "\u0301a.example",
        "\u00ad.example",
        "☃.example",
        "½.example",
        "xn--ü.example",
        "ｘｎ－－ａ－ａ.example",  # punycode of nothing
        "ä" * 58 + ".example",  # 64 octets
        "ä" * 5_000 + ".example",
    ],
)
def test_what_idna_2008_forbids_is_no_domain(domain: str) -> None:
    with pytest.raises(MessageError, match=r"^The address has no possible domain after the @\.$"):
        parse_address(f"ada@{domain}", "The address")


def test_only_characters_before_the_at_need_smtputf8() -> None:
    assert parse_address("дора@example.com", "The address").utf8
    assert not parse_address("ada@müller.example", "The address").utf8


@for_each(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada lovelace@example.com",
        "ada@example com",
        "ada@exa mple.com",
        "ada@@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "ada@example.com, bob@example.com",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada@example.com\n",
        "ada\0@example.com",
        "a\u2028b@example.com",
        'a"b@example.com',
        '"a"b"@example.com',
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@example-.com",
        "ada@[127.0.0.1",
        "ada@[localhost]",
        "ada@[300.0.0.1]",
        "ada@exam\u202eple.com",
        "ada@a\u2024b.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".com",
        "ada@" + "ä" * 63 + ".com",
        "ada@" + "a." * 127 + "com",
        "a\ud83d@example.com",
    ],
)
def test_what_cannot_be_an_address_is_not_one(text: str) -> None:
    with pytest.raises(MessageError, match=r"^The address "):
        parse_address(text, "The address")


@given(st.text())
def test_any_text_is_an_address_or_a_message_error(text: str) -> None:
    with suppress(MessageError):
        written = str(parse_address(text, "The address"))
        assert not set(written) & set("\r\n\0<>,; \t") or written.startswith('"')


def test_the_error_does_not_repeat_the_address() -> None:
    with pytest.raises(MessageError) as raised:
        parse_address("ada lovelace@example.com", "The address")

    assert "lovelace" not in str(raised.value)
