"""Styles into style attributes."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.templates import inline_styles

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
KEPT = (
    '<style type="text/css">\n@media (max-width:9px) { p { margin:1px !important; } }\n'
    "a:hover { color:red !important; }\n</style>"
)


def test_what_no_attribute_can_hold_stays_at_the_end_of_the_head() -> None:
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

    styled = inline_styles(html, MEDIA.removeprefix("p{margin:0} "))

    assert styled == f"{before}<head>{KEPT}</head>{after}{text}"
