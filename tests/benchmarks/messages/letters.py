"""The letters that are built: a newsletter of about 10 KB for people with many kinds of names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from segmail.mail.message import Mail, build_message
from segmail.mail.plain_text import plain_text
from segmail.mail.quoted_printable import quoted_printable

_PEOPLE = ("Ada Lovelace", "Zoë Ångström", "Smith, John (Jr.)", "Пётр Щербаков", "山田太郎", "")
_ROW = (
    '<tr><td style="padding: 4px"><p>{}, the autumn range of Bench Shop is here: boots, caps and '
    'jackets that were made to last, from 39 €. <a href="https://shop.example.com/catalog/'
    'category/view/?id={}">See them all</a></p></td></tr>\n'
)
_PROSE = (
    "<p>Free returns within sixty days, shipped the day you order, packed without plastic.</p>\n"
)
_LETTER = Mail(
    sender_name="Bench Shop",
    sender_email="shop@example.com",
    recipient_name="",
    recipient_email="",
    subject="",
    body=b"",
    html=True,
    message_id="",
    date=datetime(2026, 3, 10, 12, 0, tzinfo=UTC),
    list_id="newsletter.default.example.com",
    headers={"Feedback-ID": "segment-7:step-12:enter:example-com"},
)


@dataclass(frozen=True)
class Letter:
    """A mail whose two parts are not encoded yet."""

    mail: Mail
    html: str
    text: str

    def message(self) -> bytes:
        """Return the message as segmail writes it."""
        body, text = quoted_printable(self.html), quoted_printable(self.text)
        return build_message(replace(self.mail, body=body, text=text))


def newsletters(count: int) -> list[Letter]:
    """Return letters that differ in name, address, links and text."""
    return [_newsletter(number) for number in range(1, count + 1)]


def _newsletter(number: int) -> Letter:
    name = _PEOPLE[number % len(_PEOPLE)]
    body = newsletter_html(name or "Hello", number)
    mail = replace(
        _LETTER,
        recipient_name=name,
        recipient_email=f"customer{number}@example.net",
        subject=f"{name or 'Hello'}, your 15 % for autumn №{number}",
        message_id=f"<{number:032x}@example.com>",
        unsubscribe_url=f"https://shop.example.com/newsletter/subscriber/unsubscribe/?id={number}",
    )
    return Letter(mail, body, plain_text(body))


def newsletter_html(name: str, number: int) -> str:
    """Return the HTML of a newsletter, in tables as they are usual."""
    rows = "".join(_ROW.format(name, category) for category in range(number, number + 16))
    return (
        f"<!doctype html><html><body><h1>Hello {name}</h1>\n<table>{rows}</table>\n{_PROSE * 58}"
        f'<p><a href="https://shop.example.com/newsletter/subscriber/unsubscribe/?id={number}">'
        "Unsubscribe</a></p></body></html>\n"
    )
