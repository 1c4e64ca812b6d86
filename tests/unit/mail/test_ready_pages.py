"""A mail joined of ready pieces says, byte for byte, what it says if it is made as a whole."""

from __future__ import annotations

import itertools
import quopri
import re
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.errors import MessageError, SegmailError
from segmail.mail import ready_pages
from segmail.mail.items.printed import Printed
from segmail.mail.ready_pages import MailBody, mail_body
from segmail.templates import Kind, RenderedText, Template, compile_template
from tests.benchmarks.styled import newsletter
from tests.unit.templates.recorded import GOLDEN, RecordedSite, recorded_variables

CSS = "p,td{margin:0} .x a{color:red} a:hover{color:blue} @media (max-width:600px){p{margin:9px}}"
PAGES = [
    "<p>Hi {{var a}}, your code is {{var b}}.</p>\n<p>{{var c}}</p>",
    '<html><body><table><tr><td>Hi {{var a}}<td></tr><tr><td><a href="{{var b}}">Go</a></td></tr>'
    "</table><p>{{var a}}</p><p>.{{var c}}</p></body></html>",
    '<a href="{{var a}}">{{var a}}</a> <a href="https://{{var b}}/">{{var c}}</a>',
    '<a href="mailto:{{var a}}">{{var b}}</a><a href="tel:{{var c}}">{{var c}}</a>{{var a}}',
    '<a href="https://x.test/?n={{var a}}&amp;m={{var b}}"><img src="{{var c}}" '
    'alt="{{var b}}"></a>',
    "<table><tr><td>{{var a}}</td><td>{{var b}}</td></tr><tr><td>x</td><td>{{var c}} €</td></tr>"
    "</table>",
    '<table role="presentation"><tr><td>{{var a}}</td><td><p>{{var b}}</p></td></tr></table>',
    "<table><tr><td>Total: {{var a}}</td></tr><tr><td>{{var b}}</td></tr></table>{{var c}}",
    "<table><tr><th>A</th><th>B</th></tr><tr><td>{{var a}}<br>{{var b}}</td><td>1</td>"
    "</tr></table>",
    "{{var a}}{{var b}}\n.{{var c}}\n",
    "{{var a}}\r\n{{var b}}\r.{{var c}}\r\n\r\n",
    "<ul><li>{{var a}}<li><p>{{var b}}</p></ul><ol start='{{var c}}'><li>x</ol>",
    '<ol start="{{var a}}"><li>x<li>{{var b}}</ol><td colspan="{{var c}}">x',
    '<ol start="{{var a}}"><li>x<li>{{var b}}</ol>{{var c}}',
    "<table><tr><td>Name<br>x</td><td>{{var a}}</td></tr><tr><td>{{var b}}</td><td>12 €</td></tr>"
    "</table>{{var c}}",
    "<pre>{{var a}}  {{var b}}\n{{var c}}</pre><s>{{var a}}</s> <del>{{var b}}</del>",
    '<div style="display:none">{{var a}}&zwnj;&nbsp;&zwnj;&nbsp;</div>&zwnj;&nbsp;&zwnj;{{var b}}'
    "&zwnj;&nbsp;&zwnj;{{var c}}",
    '<p title="{{var a}}" hidden>x</p><b lang="{{var b}}">{{var c}}</b>',
    "<title>{{var a}}</title><textarea>{{var b}}</textarea><script>{{var c}}</script><p>x",
    "<style>.x{display:none}</style><p class=x>{{var a}}</p><p>{{var b}}<!-- {{var c}} -->",
    "<b>{{var a}}</b>><{{var b}}><i>{{var c}}</i>",
    "{{var a}} {{{var b}} {{depend a}}{{var c}}{{/depend}}{{if b}}<p>{{var b}}</p>{{else}}-{{/if}}",
    "🎉 {{var a}} \u202e{{var b}} ä" + "x" * 70 + "{{var c}}" + "y" * 90,
    "\ue100{{var a}} \ue0100\ue011 {{var b}}",
    "{{htmlescape var=$a}} {{store url='x' _query_id=$b}} {{protocol url=$c}} {{media url=$c}}",
    "<!DOCTYPE html>\n<html><head><style>.pre{display:none!important}</style></head><body>"
    '<span class="pre">{{var a}}</span><p>{{var b}}</p><p style="text align: x">{{var c}}</p>',
    '<div style="max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true">{{var a}}</div>'
    "<![if !mso]><p>{{var b}}</p><![endif]><!--[if mso]><p>{{var c}}</p><![endif]-->",
    "<table><tr><th>Item</th><th>Price</th></tr><tr><td><p>{{var a}}</p></td><td><p>{{var b}}</p>"
    "</td></tr></table>{{var c}}",
    '<a href="{{var a}}"><table><tr><td><a href="{{var a}}">{{var b}}</a></td></tr></table></a>'
    "<p><s>{{var c}}</s> 10 EUR</p>",
    "<table><tr><td>{{var a}}</td></tr></table><table><tr><td>{{var b}}</td></tr><tr><td>x</td>"
    "</tr></table><table><tr><td><img alt=x></td><td>{{var c}}</td></tr></table>",
    "<p>" + "Long words, =, é and dots. " * 12 + "{{var a}}</p>\n.{{var b}} \n\t{{var c}}\t\n",
]
VALUES = st.one_of(
    st.sampled_from([
        "", " ", "Ada", "O'Neil", "Jane & Co", "10,00\xa0€", "7", "12345.00", "=", "==3D", ".",
        "..", ".\r\n.", "a\r\nb", "a\nb", "\r", "x ", " x", "a  b", "\t", "🎉", "😀.", "שלום",
        "\u202eabc",
        "\u200b", "a\u00adb", "\xa0", "ä" * 40, "x" * 75, "x" * 76, "x" * 77, "w" * 200,
        "y" * 1_999,
        "z" * 2_001, "a b c " * 30, "{", "{{", "{{var a}}", "}", "<b>x</b>", "<", ">", "><",
        "&amp;",
        "&", '"', ";", "http://a.test/?code=x&id=3", "https://a.test/", "https://a.test",
        "a.test",
        "http://", "https:// x", "ada@example.test", "+49 30 123", "ada%20x?y=1", "~~", "\ud800",
        "\ue0100\ue011", "\ue0120\ue011", "\ue010", "\ue100", "\ue000", "\ufeff", "\u2028",
        "\u3000x",
    ]),
    st.text(max_size=8),
    st.text(alphabet="ab .=\xa0-<>{&\r\n", max_size=8),
    st.text(alphabet="abc 123äß€=.", max_size=90),
)  # fmt: skip
MAILS = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=4)
TEMPLATES = st.lists(
    st.sampled_from([
        "{{var a}}", "{{var b}}", "{{var c}}", "{{if a}}", "{{/if}}", "<p>", "</p>", "<table>",
        "<tr>",
        "<td>", "</td>", "</table>", "<a href='https://x.test/{{var a}}'>", '<a href="{{var b}}">',
        "</a>", "<img alt=\"{{var c}}\">", "<br>", "\n", "\r\n", " ", ".", "=", "><", "é", "x" * 60,
        "{", "<ul>", "<li>", "<b>", "</b>", "<pre>", "12 €", "<th>", "{{htmlescape var=$a}}",
        "{{store url='' _query_id=$b}}", "<h1>", "<div hidden>", "</div>", "&nbsp;", "&amp;", "&",
        "<!--", "-->", "🎉", "\t\n", " \n", ".\n", "y" * 90,
        '<table role="presentation">', "https://", "mailto:", "<s>",
    ]),
    max_size=25,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("source", PAGES)
@settings(deadline=None, max_examples=20)
@given(css=st.sampled_from(["", CSS]), mails=MAILS)
def test_both_ways_give_the_same_bytes(
    source: str, css: str, mails: list[tuple[str, str, str]]
) -> None:
    _compare(compile_template(source, kind=Kind.HTML, styles=css), map(_variables, mails))


@settings(deadline=None, max_examples=100)
@given(source=TEMPLATES, mails=MAILS)
def test_both_ways_give_the_same_bytes_of_any_template(
    source: str, mails: list[tuple[str, str, str]]
) -> None:
    _compare(compile_template(source, kind=Kind.HTML), map(_variables, mails))


@settings(deadline=None, max_examples=50)
@given(source=TEMPLATES, html=VALUES, text=VALUES, mails=MAILS)
def test_item_blocks_are_joined_like_values(
    source: str, html: str, text: str, mails: list[tuple[str, str, str]]
) -> None:
    printed = Printed()
    marks = itertools.cycle([printed.block(f"<table>{html}</table>", text), printed.words(text)])
    shown = [{**_variables(mail), "a": mark} for mail, mark in zip(mails, marks, strict=False)]

    _compare(compile_template(source, kind=Kind.HTML), shown, printed)


def test_both_ways_give_the_same_bytes_of_recorded_templates() -> None:
    names = [name for name, value in GOLDEN["variables"].items() if isinstance(value, str)]
    for case in GOLDEN["cases"]:
        mails = [
            {**recorded_variables(), **dict.fromkeys(names[number::3], value)}
            for number, value in enumerate(["Ada", ".=é", "https://a.test/?b=1"])
        ]
        _compare(compile_template(f"[{case['template']}]", kind=Kind.HTML), mails)


def test_a_newsletter_is_joined_without_being_parsed_or_encoded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = newsletter.TEXT.replace("</table>", "</table><div>{{var cart}}</div>", 1)
    template = compile_template(source, kind=Kind.HTML, styles=newsletter.CSS)
    printed, mails = Printed(), []
    for number in range(3):
        mail = {
            "customer_firstname": f"Ada {number}",
            "customer_email": f"ada{number}@example.test",
            "cart": printed.block(
                f"<table><td>Boots {number}</table>", f"{number} × Boots\n\n39 €"
            ),
        }
        mails.append(template.rendered({**recorded_variables(), **mail}, RecordedSite()))
    _body(mails[0], printed)

    monkeypatch.delattr(ready_pages, "plain_text")
    monkeypatch.delattr(ready_pages, "marked_text")
    monkeypatch.delattr(ready_pages, "quoted_printable")

    for number, rendered in enumerate(mails):
        body = _body(rendered, printed)
        assert isinstance(body, MailBody)
        assert f"\n\n{number} × Boots\n\n39 €\n\n" in _read(body.text)
        assert f"Dear Ada {number}," in _read(body.text)
        assert f"<table><td>Boots {number}</table>" in _read(body.body)


def _variables(mail: tuple[str, str, str]) -> dict[str, object]:
    return dict(zip("abc", mail, strict=True))


def _compare(
    template: Template,
    mails: Iterable[Mapping[str, object]],
    printed: Printed | None = None,
) -> None:
    """Hold the bodies of mails against those that are made of each mail's HTML as a whole."""
    for mail in mails:
        try:
            rendered = template.rendered(mail, RecordedSite(sheets={"a.css": "p{margin:0}"}))
        except SegmailError:
            continue
        joined = _body(rendered, printed or Printed())
        alone = _body(RenderedText.whole(rendered.text), printed or Printed())
        if isinstance(alone, str) or isinstance(joined, str):
            assert joined == alone
            continue
        assert joined.stored == alone.stored
        assert _read(joined.body) == _read(alone.body)
        assert _read(joined.text) == _read(alone.text)


def _body(rendered: RenderedText, printed: Printed) -> MailBody | str:
    try:
        return mail_body(rendered, printed, None, with_text=True)
    except MessageError:
        return "refused"


def _read(part: bytes) -> str:
    """Return what a reader gets of a part whose lines may go over the wire as they are."""
    lines = part.split(b"\r\n")
    assert part == b"" or lines.pop() == b""
    for line in lines:
        assert len(line) <= 76
        assert not re.search(rb"^\.|[^\t -~]|[\t ]$", line)
    return quopri.decodestring(part).decode().replace("\r\n", "\n")
