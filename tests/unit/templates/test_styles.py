"""Styles into style attributes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmail.templates import inline_styles
from tests.each_case import for_each

CSS = ".x{color:red} p{margin:0}"


def test_a_fragment_stays_a_fragment() -> None:
    assert inline_styles('<p class="x">a &nbsp;é</p>', CSS) == (
        '<p class="x" style="margin: 0;color: red;">a &nbsp;é</p>'
    )


def test_a_document_stays_a_document() -> None:
    html = "<!DOCTYPE html><html><head><title>t</title></head><body><p>a</p></body></html>"

    assert inline_styles(html, "p{margin:0}") == html.replace("<p>", '<p style="margin: 0;">')


def test_without_styles_the_html_is_left_alone() -> None:
    assert inline_styles("<p class=x>a<br/>", " \n") == "<p class=x>a<br/>"


def test_the_mails_own_styles_and_comments_stay() -> None:
    html = "<style>.x{top:1px}</style><!--[if mso]><b>x</b><![endif]--><p>a</p>"

    assert inline_styles(html, "p{top:0}") == html.replace("<p>", '<p style="top: 0;">')


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_no_file_is_read(tmp_path: Path, scheme: str) -> None:
    sheet = tmp_path / "a.css"
    sheet.write_text("p{color:purple}")
    link = f'<link rel="stylesheet" href="{scheme}{sheet}"><p>a</p>'

    inlined = inline_styles(link, f"@import url('{scheme}{sheet}');")

    assert inlined == link


MEDIA = "p{margin:0} @media (max-width:9px){p{margin:1px}} a:hover{color:red}"
CONDITIONS = MEDIA.removeprefix("p{margin:0} ")
KEPT = (
    '<style type="text/css">\n@media (max-width:9px) { p { margin:1px !important; } }\n'
    "a:hover { color:red; }\n</style>"
)


def test_what_no_attribute_can_hold_stays_in_the_head() -> None:
    html = "<html><head><title>t</title></head><body><p>a</p></body></html>"

    assert inline_styles(html, MEDIA) == (
        f'<html><head><title>t</title>{KEPT}</head><body><p style="margin: 0;">a</p></body></html>'
    )


def test_what_no_attribute_can_hold_stands_before_a_fragment() -> None:
    assert inline_styles("<p>a</p>", MEDIA) == f'{KEPT}\n<p style="margin: 0;">a</p>'


@pytest.mark.parametrize("html", ["<body>a", "<HTML>a", "<!DOCTYPE html>a"])
def test_a_document_without_a_head_gets_one_for_them(html: str) -> None:
    opened, text = html[:-1], html[-1]
    before, after = ("", opened) if opened == "<body>" else (opened, "")

    styled = inline_styles(html, CONDITIONS)

    kept = KEPT.replace(" !important", "")  # there is nothing in an attribute to win over
    assert styled == f"{before}<head>{kept}</head>{after}{text}"


@pytest.mark.parametrize(
    "html",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "x.dtd">\r\n'
        '<html xmlns:v="urn:schemas-microsoft-com:vml">\r\n<head>\r\n<META charset=utf-8>\r\n'
        "</head><body><![if !mso]><b>x</b><![endif]><!--[if mso]><v:rect/><![endif]-->&zwnj;"
        "<pre>\n  a\r\n\tb</pre><img src='a.png' ALT=x /><br/><td valign=top>q</td>😀<p>x</body>",
        "<html ⚡4email><head><style amp4email-boilerplate>body{visibility:hidden}</style></head>"
        "<body><amp-img src=a.png width=1 [src]='b'></amp-img><p>x<P>y</html>",
    ],
)
def test_everything_arrives_as_it_was_pasted(html: str) -> None:
    styled = inline_styles(html, "p{top:0}")

    assert styled.replace(' style="top: 0;"', "") == html
    assert ' style="top: 0;"' in styled


@for_each(
    ("tag", "styled"),
    [
        ("<p/>", '<p style="top: 0;"/>'),
        ("<p class=a />", '<p class=a style="top: 0;" />'),
        ("<p title=a/>", '<p title=a/ style="top: 0;">'),
        ("<p\n>", '<p style="top: 0;"\n>'),
        ("<P STYLE='left:0'>", '<P style="top: 0;left: 0;">'),
        ('<p style="">', '<p style="top: 0;">'),
    ],
)
def test_a_style_attribute_finds_its_place_in_any_tag(tag: str, styled: str) -> None:
    assert inline_styles(f"{tag}x", "p{top:0}") == f"{styled}x"


@for_each(
    ("pasted", "sheet", "said"),
    [
        ("font-size:24px; text align: center;", "margin:0",
         "margin: 0;font-size: 24px;text align: center;"),
        ("border:1px dashed solid", "border:2px solid red",
         "border: 2px solid red;border: 1px dashed solid;"),
        ("color:#00f", "color:#f00", "color: #00f;"),
        ("color:#00f", "color:#f00 !important", "color: #00f;color: #f00;"),
        ("color:#00f !important", "color:#f00 !important",
         "color: #00f !important;"),
        ("background:url(data:a;b)", "top:0", "top: 0;background: url(data:a;b);"),
        ("left:'x;top:0", "color:red", "color: red;"),
        ("mso-hide:all;*zoom:1", "color:red", "color: red;mso-hide: all;*zoom:1;"),
        ("", "font-family:'A B',serif", "font-family: 'A B',serif;"),
        ("", "background:url(a?b&c)", "background: url(a?b&amp;c);"),
    ],
)  # fmt: skip
def test_what_was_pasted_wins_and_costs_no_other(pasted: str, sheet: str, said: str) -> None:
    styled = inline_styles(f'<p style="{pasted}">x</p>', f"p{{{sheet}}}")

    assert styled == f'<p style="{said}">x</p>'


def _page(style: str, sheet: str, body: str = '<a class="b" href="https://a.test/">x</a>') -> str:
    html = f"<html><head><style>{style}</style></head><body>{body}</body></html>"
    styled = inline_styles(html, sheet)
    assert f"<style>{style}</style>" in styled
    return styled


def test_the_documents_own_style_wins_over_the_sheet() -> None:
    page = _page("a{color:#fff;top:0} i{color:red}", "a{color:#36c;left:0}")

    assert '<a class="b" href="https://a.test/" style="left: 0;color: #fff;">' in page


@for_each("media", ["all", "ALL, print", "screen", ""])
def test_so_does_one_that_says_it_is_for_screens(media: str) -> None:
    own = f'<style media="{media}">p {{ color: blue }}</style>'

    html = inline_styles(f"<html><head>{own}</head><body><p>x</p></body></html>", "p {color: red}")

    assert own in html
    assert '<p style="color: blue;">' in html


def test_one_for_narrow_screens_wins_only_there() -> None:
    own = '<style media="(max-width: 600px)">p { color: blue }</style>'

    html = inline_styles(f"<html><head>{own}</head><body><p>x</p></body></html>", "p {color: red}")

    assert '<p style="color: red;">' in html
    told = re.sub(r"\s+", "", html.replace(own, ""))
    assert "@media(max-width:600px){p{color:blue!important" in told


def test_a_more_specific_rule_of_the_sheet_wins_over_the_documents_own() -> None:
    assert 'style="color: #36c;">' in _page("a{color:#fff}", "a.b{color:#36c}")


def test_the_documents_own_conditions_win_over_attributes_that_they_beat() -> None:
    page = _page("a{color:#fff} @media print{a{color:#000;top:0}}", "a{color:#36c}")

    assert "@media print { a { color:#000 !important; } }\n</style><style>" in page


def test_what_matches_nothing_now_stays_for_what_mail_programs_add() -> None:
    page = _page("", "#outlook a{padding:0} [data-ogsc] .b, a{color:red}")

    assert "#outlook a { padding:0; }" in page
    assert "[data-ogsc] .b { color:red !important; }" in page
    assert 'style="color: red;"' in page


@for_each(
    ("sheet", "kept"),
    [
        ("@media x{a{top:1px}} a{top:2px}", "@media x { a { top:1px; } }"),
        ("@media x{a.b{top:1px}} a{top:2px}", "@media x { a.b { top:1px !important; } }"),
        ("a{top:2px} @media x{a{top:1px}}", "@media x { a { top:1px !important; } }"),
        ("@media x{.b{top:1px}} .b{top:2px} a{top:3px}", "@media x { .b { top:1px; } }"),
    ],
)
def test_a_condition_keeps_its_place_among_the_rules(sheet: str, kept: str) -> None:
    assert f'<style type="text/css">\n{kept}\n</style>' in _page("", sheet)


def test_a_rule_that_beats_a_condition_here_stands_beside_it_where_it_wins_there() -> None:
    two = '<a href="https://a.test/">x</a><a class="b" href="https://a.test/">y</a>'

    page = _page("", "a{top:1px} @media x{a{top:2px}} .b{top:3px}", two)

    assert "@media x { a { top:2px !important; } }\n.b { top:3px !important; }\n</style>" in page


def test_what_would_become_too_long_is_inlined_less() -> None:
    sheet = "td{padding:11px 12px 13px 14px;color:#123456} p{top:0}"
    html = f"<table><tr>{'<td class=c>x</td>' * 1_200}</tr></table><p>y</p>"

    styled = inline_styles(html, sheet)

    assert "td { padding:11px 12px 13px 14px; color:#123456; }" in styled
    assert '<p style="top: 0;">y</p>' in styled
    assert len(styled) < 60_000


def test_where_nothing_helps_the_sheet_stays_before_the_documents_own_style() -> None:
    html = f"<html><head><style>i{{}}</style></head><body>{'<p>' + 'x' * 30_000} {'<p>' * 900}"
    sheet = "".join(f"p{{margin-top:{n}px;padding-{n}:{n}px}}" for n in range(900))

    styled = inline_styles(html + "y" * 28_000, sheet)

    assert '<head><style type="text/css">\np { margin-top:0px; padding-0:0px; }' in styled
    assert "style=" not in styled


def test_a_fragment_keeps_what_is_around_it_and_what_mail_programs_are_known_to_add() -> None:
    styled = inline_styles("<p>x</p>", ".ExternalClass p{top:0} .other{top:1px} body{top:2px}")

    kept = ".ExternalClass p { top:0; }\nbody { top:2px; }"
    assert styled == f'<style type="text/css">\n{kept}\n</style>\n<p>x</p>'


MEDIA_WINS = [  # sheet, HTML, what is kept of the sheet, what the attributes say
    (  # what was pasted wins over a condition as it did, so the sheet's own is not moved
        "p{padding:9px} @media x{p{padding:5px}}",
        "<p>a</p><p style=padding:0>b</p>",
        "p { padding:9px; }\n@media x { p { padding:5px; } }",
        ["padding: 0;"],
    ),
    (  # only of that property
        "p{padding:9px;color:red} @media x{p{padding:5px;color:blue}}",
        "<p>a</p><p style=padding:0>b</p>",
        "p { padding:9px; }\n@media x { p { padding:5px; color:blue !important; } }",
        ["color: red;", "color: red;padding: 0;"],
    ),
    (  # nothing to win over where nothing was moved
        "p{color:red} @media x{b{color:blue}}",
        "<p>a</p><b style=color:green>b</b>",
        "@media x { b { color:blue; } }",
        ["color: red;", "color:green"],
    ),
    (  # what was pasted as important wins over all
        "p{top:9px} @media x{p{top:5px}}",
        '<p style="top:1px !important">a</p>',
        "@media x { p { top:5px; } }",
        ["top: 1px !important;"],
    ),
    (  # an important rule of less weight would lose to what is made important
        ".a{top:1px} @media x{.a{top:2px}} @media y{p{top:3px !important}}",
        "<p class=a>a</p>",
        ".a { top:1px; }\n@media x { .a { top:2px; } }\n@media y { p { top:3px !important; } }",
        [],
    ),
    (  # an important rule stays important beside conditions
        "p{top:1px !important} @media x{p.a{top:2px}}",
        "<p class=a>a</p>",
        "p { top:1px !important; }\n@media x { p.a { top:2px; } }",
        ["top: 1px;"],
    ),
    (  # a rule is as weighty as the one of its selectors that may come to match
        "p{top:1px} @media x{.no .a, p{top:2px}} p{top:3px}",
        "<p class=a>a</p>",
        "@media x { .no .a, p { top:2px !important; } }\np { top:3px !important; }",
        ["top: 3px;"],
    ),
    (  # parts of elements have no attributes
        "p{color:red} p::before{color:blue}",
        "<p>a</p>",
        "p::before { color:blue; }",
        ["color: red;"],
    ),
    (  # a tag that is closed too late makes two elements, of which one attribute would be for both
        "p b{color:red}",
        "<b>x<p>y</b>z</p>",
        "p b { color:red; }",
        [],
    ),
    (  # a <tbody> that is not there gets no attribute
        "tbody{top:1px} td{top:2px}",
        "<table><tr><td>a</td></tr></table>",
        "tbody { top:1px; }",
        ["top: 2px;"],
    ),
    (  # nobody knows here whom it matches
        "p:has(b){top:1px} p{top:2px} p:-x-y{top:3px}",
        "<p>a</p>",
        "p:has(b) { top:1px !important; }\np:-x-y { top:3px !important; }",
        ["top: 2px;"],
    ),
]


@for_each(("sheet", "html", "kept", "attributes"), MEDIA_WINS)
def test_conditions_win_over_what_was_moved_and_nothing_else(
    sheet: str, html: str, kept: str, attributes: list[str]
) -> None:
    styled = inline_styles(html, sheet)

    assert styled.startswith(f'<style type="text/css">\n{kept}\n</style>\n')
    assert re.findall(r"style=[\"']?([^\"'>]*)", styled) == attributes


def test_a_part_that_the_documents_own_style_sets_as_a_whole_goes_with_it() -> None:
    page = _page("a{font:bold 9px/2 serif} a{line-height:3}", "a{font-size:12px}")

    assert 'style="font-size: 12px;font: bold 9px/2 serif;line-height: 3;"' in page


def test_nothing_unseen_gets_an_attribute() -> None:
    html = "<html><head><title>t</title></head><body><style>b{}</style><p>x</p></body></html>"

    styled = inline_styles(html, "*{top:0}")

    assert styled == html.replace("<html>", '<html style="top: 0;">').replace(
        "<body>", '<body style="top: 0;">'
    ).replace("<p>", '<p style="top: 0;">')
