"""What readers see who see no HTML."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.mail.plain_text import plain_text
from tests.each_case import for_each

_TAGS = (
    "<p>", "</p>", "<table>", "<tr>", "<td>", "</td>", "</table>", "<th>", "<ul>", "<li>",
    "<a href='https://x.example'>", "</a>", "<img alt='q'>", "<pre>", "<br>", "<script>", "<style>",
    "</style>", "<!--", "-->", "<template>", "<svg>", "&amp;", "&#0;", "<", "\"",
)  # fmt: skip
soup = st.lists(st.sampled_from(_TAGS) | st.text(max_size=5), max_size=40).map("".join)


@for_each(
    ("html", "text"),
    [
        ("<h1>Hello</h1><p>Dear Ada,</p><p>welcome.</p>", "Hello\n\nDear Ada,\n\nwelcome."),
        ("One<br>two<div>three</div>", "One\ntwo\n\nthree"),
        ("<p>Zo&euml; &amp; Caf&#233; &lt;3 &#x1F389;</p>", "Zoë & Café <3 🎉"),
        ("<p>  many \n  blanks </p>", "many blanks"),
        ("<ul><li>One</li><li><p>Two</p></li></ul><ol><li>a<li>b</ol>", "* One\n* Two\n1. a\n2. b"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("<p>soft&shy;hyphen, zero&#8203;width</p>", "softhyphen, zerowidth"),
        ('<img src="x.png" alt="Red boots"><img src="dot.gif" alt="">', "Red boots"),
        ("", ""),
        ("<p> </p><img src='dot.gif'>", ""),
        ("<ul><li><ul><li><p>One</p></li></ul></li></ul>", "*\n  * One"),
    ],
)
def test_words_stay_and_markup_goes(html: str, text: str) -> None:
    assert plain_text(html) == text


@for_each(
    "html",
    [
        "<style>p { color: red }</style>",
        "<script>alert('no')</script>",
        "<head><title>no</title></head>",
        "<!-- no --><!--[if mso]><p>no</p><![endif]-->",
        '<div style="max-height: 0; display: none">no</div>',
        '<div style="DISPLAY:NONE !important">no</div>',
        "<div style='display&colon;&#110;one'>no</div>",
        "<p hidden>no</p>",
        '<p HIDDEN="">no</p>',
        "<div hidden><p hidden>no</p><p>no</p></div>",
        "<template>no</template>",
        "<style>.pre{display:none!important;mso-hide:all}</style><span class=pre>no</span>",
        "<style media=all>.pre{display:none}</style><span class=pre>no</span>",
        "<style>.a .pre,i{font-size:0;max-height:0}</style><div class=a><b class=pre>no</b></div>",
        '<div style="max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true">no</div>',
        '<div style="font-size:0px;line-height:0">no <b>no</b></div>',
        '<div style="font-size:1px;color:#fff;line-height:1px">no</div>',
        '<span style="OPACITY: 0.0">no</span><p style="visibility : hidden">no</p>',
        '<div style="height:0;width:0;overflow:hidden" aria-hidden="true">no</div>',
        '<div style="text-indent:-9999px">no</div><p style="position:absolute;left:-5000px">no</p>',
        "<div>&zwnj;&nbsp;&zwnj;&nbsp;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8199;&#65279;&#847;</div>",
    ],
)
def test_what_nobody_sees_is_left_out(html: str) -> None:
    assert plain_text(f"{html}<p>Hello</p>") == "Hello"


@for_each(
    ("link", "text"),
    [
        ('<a href="https://x.example/?a=1&amp;b=2">Shop</a>', "Shop (https://x.example/?a=1&b=2)"),
        ('<a href=" https://x.example/a\nb ">Shop</a>', "Shop (https://x.example/ab)"),
        ('<a href="https://x.example/a b">Shop</a>', "Shop (https://x.example/a%20b)"),
        ('<a href="https://x.example/">x.example</a>', "https://x.example/"),
        ('<a href="https://x.example">https://x.example/</a>', "https://x.example"),
        ('<a href="HTTPS://x.example/">x.example/</a>', "HTTPS://x.example/"),
        ('<a href="https://x.example/a b">x.example/a b</a>', "https://x.example/a b"),
        ('<a href="https://x.example">xx.example</a>', "xx.example (https://x.example)"),
        ('<a href="ht&Tab;tps://x.example">Shop</a>', "Shop (https://x.example)"),
        ('<a href="&nbsp;https://x.example&#10;">Shop</a>', "Shop (https://x.example)"),
        ('<a href="mailto:ada@x.example">ada@x.example</a>', "ada@x.example"),
        ('<a href="mailto:ada@x.example">Write</a>', "Write (ada@x.example)"),
        ('<a href="mailto:ada@x.example?subject=Hi%20there">Write</a>', "Write (ada@x.example)"),
        ('<a href="mailto:Ada@x.example?subject=Hi">ada@x.example</a>', "ada@x.example"),
        ('<a href="tel:+49301234567">Call us</a>', "Call us (+49301234567)"),
        ('<a href="tel:+49301234567">+49 (0)30 123 45 67</a>', "+49 (0)30 123 45 67"),
        ('<a href="tel:0301234567">Call 030 / 1234567</a>', "Call 030 / 1234567"),
        ('<a href="sms:+15550100?body=Hi">Text us</a>', "Text us (+15550100)"),
        ('<a href="#top">Up</a>', "Up"),
        ('<a href="javascript:alert(1)">Click</a>', "Click"),
        ('<a href="/relative">Click</a>', "Click"),
        ('<a name="top">Up</a>', "Up"),
        (
            '<a href="https://x.example"><img src="a.png" alt="Boots"></a>',
            "Boots (https://x.example)",
        ),
        ('<a href="https://x.example"><img src="a.png"></a>', ""),
    ],
)
def test_links_become_readable_addresses(link: str, text: str) -> None:
    assert plain_text(f"<p>See {link}</p>") == f"See {text}".strip()


def test_a_table_of_words_keeps_its_columns() -> None:
    html = "<table><tr><th>Item<th>Qty<tr><td>Long boots<td>2<tr><td>Cap<td>11</table>"

    assert plain_text(html) == "Item        Qty\nLong boots  2\nCap         11"


def test_a_table_that_arranges_the_page_is_read_from_top_to_bottom() -> None:
    boots = '<table><tr><td><img alt="Boots"></td><td><h2>Boots</h2><p>39 €</p></td></tr></table>'
    prices = "<table><tr><td>1</td><td>39 €</td></tr></table>"
    html = f"<table><tr><td><h1>Hi</h1></td></tr><tr><td>{boots}{prices}</td></tr></table>"

    assert plain_text(html) == "Hi\n\nBoots\n\nBoots\n\n39 €\n\n1  39 €"


def test_a_table_may_say_that_it_arranges_the_page() -> None:
    html = '<table role="presentation"><tr><td>left</td><td>right</td></tr></table>'

    assert plain_text(html) == "left\n\nright"


def test_a_table_of_words_keeps_its_columns_beside_and_inside_others() -> None:
    prices = "<table><thead><tr><th>A<th>B<tbody><tr><td>1<td>23</table>"
    aside = "<table><thead><tr><th>C<tbody><tr><td>D<td><p>E<tfoot><tr><td>F</table>"
    html = f"{prices}{aside}<table><tr><td>{prices}<p>G</table>"

    text = plain_text(html)

    assert text == "A  B\n1  23\n\nC\n\nD\n\nE\n\nF\n\nA  B\n1  23\n\nG"


@for_each(
    ("html", "text"),
    [
        ("<p>a&nbsp;<br>b&#8195;<br>c&nbsp;</p>", "a\nb\nc"),
        ("<pre>a \t\nb\n\n\n\nc\n \n</pre>", "a\nb\n\nc"),
        ("<pre>\n\n \n  a</pre>", "  a"),
        ("<p>a</p><p>&#8203;</p><p>&nbsp;</p><p>b &#8203;</p>", "a\n\nb"),
        ("<p>&nbsp;</p>", ""),
    ],
)
def test_lines_end_with_words_and_gaps_are_one_line(html: str, text: str) -> None:
    assert plain_text(html) == text


@for_each(
    "html",
    [
        '<div style="font-size:0"><p style="font-size:16px">Hello</p></div>',
        '<td style="font-size:0;line-height:0"><img alt="Hello"></td>',
        '<a style="mso-hide:all;color:#fff">Hello</a>',
        '<p style="opacity:0.9;max-height:100px;min-width:0">Hello</p>',
        "<style>.a{display:none} @media print{p{display:none}}</style><p class=b>Hello</p>",
        '<style>p{display:none}</style><p style="display:block">Hello</p>',
        "<style media=print>p{display:none}</style><p>Hello</p>",
        "<style>p:hover{display:none} p:has(b),p::x{display:none}</style><p>Hello</p>",
    ],
)
def test_what_is_seen_stays(html: str) -> None:
    assert plain_text(html) == "Hello"


@for_each(
    ("html", "text"),
    [
        ("<p><s>20 EUR</s> 10 EUR</p>", "~~20 EUR~~ 10 EUR"),
        ("<p><del><strike>20 <b>EUR</b></strike></del> 10 EUR</p>", "~~20 EUR~~ 10 EUR"),
        ('<p><span style="text-decoration: line-through">20</span> 10</p>', "~~20~~ 10"),
        ("<p><s> </s>10 EUR</p>", "10 EUR"),
    ],
)
def test_a_former_price_is_marked(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "inner",
    [
        '<table><tr><td><a href="https://a.test/x">View</a></td></tr></table>',
        '<div><a href="https://a.test/x">View</a></div>',
        "View",
    ],
)
def test_a_link_in_a_link_is_told_once(inner: str) -> None:
    assert plain_text(f'<a href="https://a.test/x">{inner}</a>') == "View (https://a.test/x)"


HEAD = "<tr><th>Item</th><th>Price</th></tr>"


@for_each(
    ("rows", "lines"),
    [
        (HEAD + "<tr><td><p>Shoes</p></td><td><p>5 EUR</p></td></tr>",
         ["Item   Price", "Shoes  5 EUR"]),
        (HEAD + "<tr><td>Red<br>shoes</td><td>5 EUR</td></tr>",
         ["Item       Price", "Red shoes  5 EUR"]),
        (HEAD + '<tr><td><img alt="Shoes" src="a.png"></td><td><div>5 EUR</div></td></tr>',
         ["Item   Price", "Shoes  5 EUR"]),
        ("<tr><td><p>Shoes</p></td><td>2</td><td><p>5,00 €</p></td></tr>"
         "<tr><td><p>Red<br>hat</p></td><td>1</td><td><p>16,00 €</p></td></tr>",
         ["Shoes    2  5,00 €", "Red hat  1  16,00 €"]),
    ],
)  # fmt: skip
def test_a_table_that_lists_things_keeps_its_rows(rows: str, lines: list[str]) -> None:
    assert plain_text(f"<table>{rows}</table>").split("\n") == lines


@for_each(
    "part",
    [
        '<div style="font-size:0">', "<s>", '<a href="https://a.test/">', "<table><tr><th>",
        "<table><tr><td><p>", '<p style="left:-', "<style>p{display:none}", "\u200c\xa0",
        '<td style="max-height:0;', "<b style='&",
    ],
)  # fmt: skip
def test_a_mail_made_to_keep_a_run_busy_does_not(part: str) -> None:
    started = time.process_time()

    plain_text((part * 64_000)[:64_000])

    assert time.process_time() - started < 5


@given(soup)
def test_any_soup_becomes_tidy_text(html: str) -> None:
    text = plain_text(html)

    assert "\n\n\n" not in text
    assert text == text.strip("\n")
    assert not any(line != line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(("cell", "rows"), [(5_000, 40), (30_000, 2_000)])
def test_a_long_cell_does_not_make_each_row_as_long(cell: int, rows: int) -> None:
    html = (
        f"<table><tr><td>{'word ' * (cell // 5)}</td><td>1</td></tr>"
        + "<tr><td>Mug</td><td>2</td></tr>" * rows
        + "</table>"
    )

    text = plain_text(html)

    assert text.count("Mug") == rows
    assert len(text) < len(html)
