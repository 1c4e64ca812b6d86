"""Style sheets in two parts: what style attributes can hold, and what they cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.templates.sheets import split_sheet


@pytest.mark.parametrize(
    ("css", "inlined", "kept"),
    [
        ("", "", ""),
        ("p{margin:0}", "p { margin:0 }", ""),
        ("/* a{b:c} */ p{margin:0} <!-- -->", "p { margin:0 }", ""),
        ("a:hover{color:red}", "", "a:hover { color:red !important; }"),
        ("a, a:hover{b:c}", "a { b:c }", "a:hover { b:c !important; }"),
        ("p::before{content:'a;}b'}", "", "p::before { content:'a;}b' !important; }"),
        ("td:first-child{a:b}", "td:first-child { a:b }", ""),
        (":not(a, b) i{a:b}", ":not(a, b) i { a:b }", ""),
        ("[title='a,b:hover']{a:b}", "", "[title='a,b:hover'] { a:b !important; }"),
        ("p{background:url(data:x;y)}", "p { background:url(data:x;y) }", ""),
        ("@media x{p{a:b;c:d!important}q{}}", "",
         "@media x { p { a:b !important; c:d!important; } q {  } }"),
        ("@supports (a:b){@media x{p{a:url(b;c)}}}", "",
         "@supports (a:b) { @media x { p { a:url(b;c) !important; } } }"),
        ("@font-face{font-family:x;src:url(y)}", "", "@font-face {font-family:x;src:url(y)}"),
        ("@keyframes x{from{a:b}to{a:c}}", "", "@keyframes x {from{a:b}to{a:c}}"),
        ("@charset 'x';p{a:b}", "p { a:b }", ""),
        ("@media x{p{a:b", "", "@media x { p { a:b !important; } }"),
        ("p{a:b}}q{c:d}", "p { a:b }\nq { c:d }", ""),
    ],
)  # fmt: skip
def test_a_sheet_falls_into_two_parts(css: str, inlined: str, kept: str) -> None:
    assert split_sheet(css) == (inlined, kept)


@pytest.mark.parametrize("told", ["url('https://a.test/f.css')", '"//a.test/f.css"'])
def test_a_sheet_from_the_web_is_left_to_the_mail_reader_and_comes_first(told: str) -> None:
    _, kept = split_sheet(f"@media x{{p{{a:b}}}} @import {told};")

    assert kept.startswith(f"@import {told};\n@media")


@pytest.mark.parametrize("told", ["url(file:///etc/passwd)", "'a.css'", "url(ftp://a.test/b)"])
def test_a_sheet_from_elsewhere_is_left_out(told: str) -> None:
    assert split_sheet(f"@import {told};") == ("", "")


def test_no_text_in_a_sheet_ends_the_style_that_holds_it() -> None:
    assert "</" not in split_sheet("a:hover{content:'</style><script>'}").kept


@given(st.text(alphabet="{}@;:,'\"\\/*()a <!-\n", max_size=80))
def test_any_text_is_a_sheet(css: str) -> None:
    assert "</" not in split_sheet(css).kept


@pytest.mark.parametrize("part", ["'\\", '"\\', "(", "{", "@media x{", "/*", "a:", "!", ",", "["])
def test_a_sheet_made_to_keep_a_run_busy_does_not(part: str) -> None:
    split_sheet(part * 60_000)
    split_sheet("p{" + part * 60_000)
    split_sheet("p:hover{" + part * 60_000)
