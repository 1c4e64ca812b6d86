"""The page of a preview: nothing of the mail can leave its frame."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from segmail.authoring.preview import Preview
from segmail.authoring.preview_page import page
from segmail.findings import Finding, Severity
from segmail.sequences.findings import StepPlace

MAIL = Preview(
    step="VIP:enter:1",
    customer_id=42,
    sender="Shop <shop@example.com>",
    subject="Hello <Ada>",
    preheader="Look & see",
    headers=[("Subject", "Hello <Ada>"), ("To", '"Ada" <ada@example.com>')],
    html='<p title="x">Hello</p><script>alert(1)</script>',
    text="Hello </pre><script>alert(2)</script>",
    links=["https://shop.example/?a=1&b=2"],
    size=12_345,
    findings=[],
)


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str | None]]] = {}
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.setdefault(tag, []).append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_shows_headers_html_text_and_size() -> None:
    read = _Elements(page([MAIL]))

    frames = read.found["iframe"]
    assert [frame["sandbox"] for frame in frames] == [""] * 5
    widths = [375, 375, 375, 1000, 1000]
    assert [frame["style"] for frame in frames] == [
        f"color-scheme:light;width:{width}px" for width in widths
    ]
    assert frames[0]["srcdoc"] == frames[3]["srcdoc"] == MAIL.html
    assert "img-src 'none'" in str(frames[2]["srcdoc"])
    for told in ("Hello <Ada>", '"Ada" <ada@example.com>', MAIL.text, "12,345 bytes",
                 "Shop <shop@example.com>", "Look & see", MAIL.links[0]):  # fmt: skip
        assert told in read.words


def test_nothing_of_the_mail_is_part_of_the_page() -> None:
    evil = "</title></table><script>alert(3)</script>\"'>"
    finding = Finding(Severity.WARNING, StepPlace(1, evil), evil)

    read = _Elements(page([replace(MAIL, step=evil, headers=[(evil, evil)], findings=[finding])]))

    assert "script" not in read.found
    assert len(read.found["table"]) == len(read.found["title"]) == 1


def test_a_plain_text_mail_has_no_frame() -> None:
    assert "<iframe" not in page([replace(MAIL, html=None)])


def test_a_mail_without_words_has_no_text() -> None:
    assert "<pre>" not in page([replace(MAIL, text="")])


def test_a_mail_with_colours_for_the_dark_is_shown_with_them_others_inverted() -> None:
    own = "<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style><p>Hello</p>"

    phone = _Elements(page([replace(MAIL, html=own)])).found["iframe"][1]
    other = _Elements(page([MAIL])).found["iframe"][1]

    assert (phone["style"], phone["srcdoc"]) == ("color-scheme:dark;width:375px", own)
    assert "invert" in str(other["srcdoc"])
