"""Messages as a mail program reads them, held against Python's own EmailMessage and parser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr

from hypothesis import given
from hypothesis import strategies as st

from segmail.mail.message import build_envelope, build_message, sender_domain
from segmail.mail.quoted_printable import quoted_printable
from tests.each_case import for_each
from tests.unit.mail.letters import LETTER

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
names = words.filter(str.strip)
# Python 3.11's newer parser puts blanks between the encoded words of a long name (gh-92081); the
# older parser, which does not, reads the long ones.
short_words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)
short_names = short_words.filter(str.strip)
bodies = st.text(st.characters(exclude_categories=["Cs"]))


def parse(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_message_reads_as_it_was_written() -> None:
    letter = replace(LETTER, unsubscribe_url="https://shop.example.com/un/?id=1&code=x")

    assert build_message(letter).decode() == (
        "Subject: Welcome, Ada!\r\n"
        "From: Bench Shop <shop@example.com>\r\n"
        "To: Ada Lovelace <ada@example.com>\r\n"
        "List-Unsubscribe: <https://shop.example.com/un/?id=1&code=x>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "Message-ID: <17.4@example.com>\r\n"
        "MIME-Version: 1.0\r\n"
        "Date: Tue, 10 Mar 2026 12:00:00 +0000\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "\r\n"
        "<p>Hello</p>\r\n"
    )


@given(subject=names, sender=short_names, recipient=short_words, body=bodies, html=st.booleans())
def test_a_parser_gets_back_what_was_written(
    subject: str, sender: str, recipient: str, body: str, html: bool
) -> None:
    letter = replace(
        LETTER,
        subject=subject,
        sender_name=sender,
        recipient_name=recipient,
        body=quoted_printable(body),
        html=html,
    )

    read = parse(build_message(letter))

    assert str(read["Subject"]) == subject.strip()
    assert _name(read, "From") == _blanks(sender)
    assert _name(read, "To") == _blanks(recipient)
    assert read["From"].addresses[0].addr_spec == "shop@example.com"
    assert read["To"].addresses[0].addr_spec == "ada@example.com"
    assert read.get_content_subtype() == ("html" if html else "plain")
    assert read.get_content() == _lines(body)
    assert [part.defects for part in read.walk()] == [[]]


@given(text=bodies.filter(bool), body=bodies)
def test_a_parser_gets_back_both_parts(text: str, body: str) -> None:
    read = parse(
        build_message(replace(LETTER, text=quoted_printable(text), body=quoted_printable(body)))
    )

    plain, html = read.iter_parts()
    assert read.get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), plain.get_content()) == ("text/plain", _lines(text))
    assert (html.get_content_type(), html.get_content()) == ("text/html", _lines(body))
    assert [part.defects for part in read.walk()] == [[], [], []]


def test_a_message_of_two_parts_reads_as_it_was_written() -> None:
    data = build_message(replace(LETTER, text=b"Hello\r\n"))

    boundary = "=_31007909fd1af12bcde0afbee4fec40b"
    assert f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode() in data
    assert data.partition(b"\r\n\r\n")[2].decode() == (
        f"--{boundary}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Hello\r\n\r\n"
        f"--{boundary}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        "<p>Hello</p>\r\n\r\n"
        f"--{boundary}--\r\n"
    )


def test_a_plain_text_mail_has_one_part() -> None:
    assert build_message(replace(LETTER, html=False, text=b"no\r\n")) == build_message(
        replace(LETTER, html=False)
    )


def test_two_messages_have_different_boundaries() -> None:
    ids = ("<1@example.com>", "<2@example.com>")

    one, two = (parse(build_message(replace(LETTER, text=b"x\r\n", message_id=id))) for id in ids)

    assert one.get_boundary() != two.get_boundary()


@given(subject=names, recipient=names)
def test_an_older_parser_gets_back_the_same(subject: str, recipient: str) -> None:
    letter = replace(LETTER, subject=subject, recipient_name=recipient)

    read = message_from_bytes(build_message(letter), policy=policy.compat32)

    assert str(make_header(decode_header(read["Subject"]))) == subject.strip()
    name, mailbox = parseaddr(str(read["To"]).replace("\r\n", ""))
    assert str(make_header(decode_header(name))) == recipient.strip()
    assert mailbox == "ada@example.com"


@given(subject=names, sender=names, recipient=words, body=bodies, text=bodies)
def test_every_line_is_short_and_ascii(
    subject: str, sender: str, recipient: str, body: str, text: str
) -> None:
    letter = replace(
        LETTER,
        subject=subject,
        sender_name=sender,
        recipient_name=recipient,
        body=quoted_printable(body),
        text=quoted_printable(text),
        list_id="newsletter.default.example.com",
    )

    data = build_message(letter)

    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert data.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|^\.|\n\.", data)
    assert b"\r\n \r\n" not in data.partition(b"\r\n\r\n")[0]


@given(
    subject=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1),
    name=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=10),
    body=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], include_characters="\n")),
)
def test_a_message_equals_the_standard_library_s(subject: str, name: str, body: str) -> None:
    standard = EmailMessage(policy=policy.SMTP)
    standard["Subject"] = subject
    standard["To"] = Address(name, "ada", "example.com")
    standard.set_content(body, subtype="html", cte="quoted-printable")

    encoded = quoted_printable(body)
    ours = parse(build_message(replace(LETTER, subject=subject, recipient_name=name, body=encoded)))
    theirs = parse(standard.as_bytes())

    assert str(ours["Subject"]) == str(theirs["Subject"])
    assert ours["To"].addresses == theirs["To"].addresses
    assert ours.get_content() == theirs.get_content()


def test_an_ascii_subject_stays_readable_when_it_is_folded() -> None:
    subject = "A subject that goes on and on, " * 5 + "until it ends"

    data = build_message(replace(LETTER, subject=subject))

    assert b"A subject that goes on and on, A subject that goes on and on, A\r\n " in data
    assert str(parse(data)["Subject"]) == subject


def test_what_looks_encoded_is_not_decoded() -> None:
    letter = replace(LETTER, subject="=?utf-8?q?50=25?= off", recipient_name="=?utf-8?b?WA==?=")

    read = parse(build_message(letter))

    assert str(read["Subject"]) == "=?utf-8?q?50=25?= off"
    assert _name(read, "To") == "=?utf-8?b?WA==?="


@for_each(
    ("name", "written"),
    [
        ("D'Arcy Smith", "To: D'Arcy Smith <ada@example.com>"),
        ("Smith, Ada", 'To: "Smith, Ada" <ada@example.com>'),
        ('Ada "the" \\', 'To: "Ada \\"the\\" \\\\" <ada@example.com>'),
        ("Bench & Co.", 'To: "Bench & Co." <ada@example.com>'),
        ("a@b.test <x@y.test>", 'To: "a@b.test <x@y.test>" <ada@example.com>'),
        ("Ada   Lovelace", 'To: "Ada   Lovelace" <ada@example.com>'),
        ("Ada\tLovelace", "To: Ada Lovelace <ada@example.com>"),
        ("Zoë", "To: =?utf-8?q?Zo=C3=AB?= <ada@example.com>"),
        ("漢字", "To: =?utf-8?b?5ryi5a2X?= <ada@example.com>"),
        ("", "To: ada@example.com"),
        ("  ", "To: ada@example.com"),
    ],
)
def test_a_name_is_quoted_or_encoded_only_as_needed(name: str, written: str) -> None:
    data = build_message(replace(LETTER, recipient_name=name))

    assert written in data.decode().split("\r\n")


@for_each("body", ["a\rb\nc\r\nd", "a\nb\nc\nd\n", "a\r\nb\r\nc\r\nd\r\n", "a\rb\rc\rd\r"])
def test_line_ends_in_a_body_are_all_crlf(body: str) -> None:
    data = build_message(replace(LETTER, body=quoted_printable(body)))

    assert data.endswith(b"\r\n\r\na\r\nb\r\nc\r\nd\r\n")


def test_one_click_needs_https() -> None:
    letter = replace(LETTER, unsubscribe_url="http://shop.example.com/un/?id=1")

    read = parse(build_message(letter))

    assert read["List-Unsubscribe"] == "<http://shop.example.com/un/?id=1>"
    assert "List-Unsubscribe-Post" not in read


def test_an_unsubscribe_link_cannot_leave_its_brackets() -> None:
    letter = replace(LETTER, unsubscribe_url="https://müller.example/a b>,<mailto:x@y.z>")

    read = parse(build_message(letter))

    assert read["List-Unsubscribe"] == ("<https://m%C3%BCller.example/a%20b%3E,%3Cmailto:x@y.z%3E>")


def test_a_list_is_called_as_its_sender() -> None:
    letter = replace(LETTER, sender_name="Zoë's shop", list_id="newsletter.default.example.com")

    [line] = [it for it in build_message(letter).split(b"\r\n") if it.startswith(b"List-Id")]

    assert line == b"List-Id: =?utf-8?q?Zo=C3=AB=27s_shop?= <newsletter.default.example.com>"


def test_further_headers_follow() -> None:
    read = parse(build_message(replace(LETTER, headers={"Feedback-ID": "7:4:segmail:shop"})))

    assert read["Feedback-ID"] == "7:4:segmail:shop"


def test_the_date_keeps_its_zone() -> None:
    zone = timezone(timedelta(hours=2))

    read = parse(build_message(replace(LETTER, date=datetime(2026, 7, 1, 9, 30, tzinfo=zone))))

    assert read["Date"] == "Wed, 01 Jul 2026 09:30:00 +0200"


def test_the_same_moment_is_written_in_the_zone_of_each_letter() -> None:
    zones = [timezone(timedelta(hours=hours)) for hours in (2, 0, 2)]

    dates = [
        parse(build_message(replace(LETTER, date=LETTER.date.astimezone(zone))))["Date"]
        for zone in zones
    ]

    assert [date[17:] for date in dates] == ["14:00:00 +0200", "12:00:00 +0000", "14:00:00 +0200"]


def test_an_international_domain_becomes_punycode_in_header_and_envelope() -> None:
    envelope = build_envelope(replace(LETTER, recipient_email="ada@straße.example"))

    assert envelope.recipient == "ada@xn--strae-oqa.example"
    assert b"<ada@xn--strae-oqa.example>" in envelope.data
    assert not envelope.utf8


def test_an_international_mailbox_asks_for_smtputf8() -> None:
    envelope = build_envelope(replace(LETTER, recipient_email="дора@example.com"))

    assert envelope.utf8
    assert "<дора@example.com>".encode() in envelope.data


def test_bounces_go_to_the_letter_s_sender_or_elsewhere() -> None:
    assert build_envelope(LETTER).sender == "shop@example.com"
    assert build_envelope(LETTER, sender="bounces@example.net").sender == "bounces@example.net"


def test_the_sender_s_domain_is_written_in_ascii() -> None:
    assert sender_domain("shop@müller.example") == "xn--mller-kva.example"


def _name(message: EmailMessage, header: str) -> str:
    return _blanks(message[header].addresses[0].display_name)


def _blanks(name: str) -> str:
    """Return a name as the newer parser reads it: it makes one blank of several."""
    return " ".join(name.split())


def _lines(body: str) -> str:
    text = re.sub(r"\r\n?|\n", "\n", body)
    return (text if text.endswith("\n") else text + "\n").replace("\n", "\r\n")
