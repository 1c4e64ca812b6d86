"""Two mail readers that share no code see the same message: Python's own and a Rust one."""

from __future__ import annotations

import quopri
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

from fast_mail_parser import parse_email

from segmail.mail.message import Mail, build_message
from segmail.mail.quoted_printable import quoted_printable
from tests.each_case import for_each
from tests.unit.mail.letters import LETTER

NAMES = {
    "Albanian": "Gëzim Çela",
    "Amharic": "አበበ ቢቂላ",
    "Arabic": "محمد عبد الله",
    "Armenian": "Արամ Խաչատրյան",
    "Bengali": "রবীন্দ্রনাথ ঠাকুর",
    "Bulgarian": "Любомир Йорданов",
    "Chinese, simplified": "欧阳小红",
    "Chinese, traditional": "歐陽龍",
    "Croatian": "Željka Čavić",
    "Czech": "Jiří Ďurčák",
    "Danish": "Søren Åkjær",
    "Dutch": "Zoë van 't Hoff",
    "English": "O'Neill, Ada (Dr.)",
    "Esperanto": "Ĉiu Ŝtono",
    "Finnish": "Väinö Äijö",
    "French": "Hélène L'Œuvre",
    "Georgian": "შოთა რუსთაველი",
    "German": "Jürgen Groß-Öhm",
    "Greek": "Αλέξανδρος Παπαδόπουλος",
    "Hebrew": "דָּוִד בן־גוריון",
    "Hindi": "अमिताभ श्रीवास्तव",
    "Hungarian": "Őze Ágnes Ű.",
    "Icelandic": "Þórður Æsir",
    "Irish": "Seán Ó Súilleabháin",
    "Japanese": "山田　太郎",
    "Kazakh": "Әлия Қожа",
    "Khmer": "សុខ ចាន់ថា",
    "Korean": "김민준",
    "Latvian": "Jānis Bērziņš",
    "Lithuanian": "Žydrūnė Šimkutė",
    "Maltese": "Ġorġ Ħal Għaxaq",
    "Mongolian": "Өнөрбаяр",
    "Persian": "علی‌رضا پژمان",
    "Polish": "Łukasz Żółć",
    "Portuguese": "João Gonçalves",
    "Romanian": "Ștefan Țuțea",
    "Russian": "Пётр Щербаков",
    "Slovak": "Ľubomír Ťažký",
    "Spanish": "Íñigo Núñez",
    "Swedish": "Åsa Öberg",
    "Tamil": "சுப்பிரமணியன்",
    "Thai": "สมชาย ใจดี",
    "Turkish": "Işıl Güneş İpekçi",
    "Ukrainian": "Їжакевич Ґанна",
    "Vietnamese": "Nguyễn Thị Ánh Tuyết",
    "an emoji": "Ada 👩‍💻🎉",
}
SUBJECT = "{}, „10 % off“ =?utf-8?q?x?= — until Friday"
TEXT = "Dear {},\n.\nFrom here on, lines are long: " + "word " * 60 + "\n\ttab at the end \t\n"


@dataclass(frozen=True)
class Read:
    """What a reader shows; line ends are the reader's own business."""

    subject: str
    sender: tuple[str, str]
    recipient: tuple[str, str]
    text: list[str]
    html: list[str]


@for_each("name", NAMES.values(), ids=NAMES)
def test_both_readers_see_what_was_written(name: str) -> None:
    data = build_message(_letter(name))

    assert _in_python(data) == _in_rust(data) == _written(_letter(name))


@for_each("name", NAMES.values(), ids=NAMES)
def test_both_readers_see_the_same_without_a_text_part(name: str) -> None:
    letter = replace(_letter(name), text=b"")
    data = build_message(letter)

    assert _in_python(data) == _in_rust(data) == _written(letter)


@for_each("length", [*range(60, 82), 200, 997, 998, 999, 5000])
def test_both_readers_agree_wherever_a_line_is_cut(length: int) -> None:
    line = ("ä" * length, "=" * length, "." * length, " " * length + ".", "x" * length)
    letter = replace(
        _letter("Ada"),
        text=quoted_printable("\n".join(line)),
        body=quoted_printable("\n".join(line)),
    )
    data = build_message(letter)

    assert _in_python(data) == _in_rust(data) == _written(letter)


def test_both_readers_take_an_international_domain_for_the_same() -> None:
    data = build_message(replace(LETTER, recipient_email="ada@bücher.example", text=b"Hello\r\n"))

    assert _in_python(data).recipient == ("Ada Lovelace", "ada@xn--bcher-kva.example")
    assert _in_rust(data).recipient == ("Ada Lovelace", "ada@xn--bcher-kva.example")


def _letter(name: str) -> Mail:
    return replace(
        LETTER,
        sender_name=f"Shop of {name}",
        recipient_name=name,
        subject=SUBJECT.format(name),
        text=quoted_printable(TEXT.format(name)),
        body=quoted_printable(f"<p>Dear {name},</p>\n<p>{'long ' * 300}</p>\n"),
        list_id="newsletter.default.example.com",
        headers={"Feedback-ID": "segment-7:step-12:enter:example-com"},
    )


def _written(letter: Mail) -> Read:
    return Read(
        letter.subject,
        (letter.sender_name, letter.sender_email),
        (letter.recipient_name, letter.recipient_email),
        quopri.decodestring(letter.text).decode().splitlines(),
        quopri.decodestring(letter.body).decode().splitlines(),
    )


def _in_python(data: bytes) -> Read:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return Read(
        str(message["Subject"]),
        _mailbox_in_python(data, "From"),
        _mailbox_in_python(data, "To"),
        _lines_in_python(message, "plain"),
        _lines_in_python(message, "html"),
    )


def _mailbox_in_python(data: bytes, header: str) -> tuple[str, str]:
    """Return a mailbox as the older parser reads it; the newer cuts long names (gh-92081)."""
    raw = message_from_bytes(data, policy=policy.compat32)[header]
    name, address = parseaddr(str(raw).replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def _lines_in_python(message: EmailMessage, kind: str) -> list[str]:
    part = message.get_body((kind,))
    return part.get_content().splitlines() if isinstance(part, EmailMessage) else []


def _in_rust(data: bytes) -> Read:
    message = parse_email(data)
    assert message.from_ is not None
    [recipient] = message.to
    return Read(
        message.subject,
        (message.from_.display_name or "", message.from_.address),
        (recipient.display_name or "", recipient.address),
        "".join(message.text_plain).splitlines(),
        "".join(message.text_html).splitlines(),
    )
