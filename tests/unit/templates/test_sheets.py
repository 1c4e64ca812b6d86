"""Style sheets in two parts: what style attributes can hold, and what they cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.templates.sheets import KeptRule, StyleRule, read_sheet, written
from tests.each_case import for_each
from tests.thorough import by_far


def split_sheet(css: str) -> tuple[str, str]:
    """Return the rules for attributes, and what stays a sheet with all of it important."""
    sheet = read_sheet(css)
    plain = sheet.plain()
    texts = (
        f"{', '.join(one.text for one in rule.selectors)} "
        f"{{ {';'.join(one.text for one in rule.declarations)} }}"
        for rule in plain
    )

    def others(rule: StyleRule) -> Iterator[KeptRule]:
        if rule not in plain:
            yield rule.selectors, [(one, True) for one in rule.declarations]

    return "\n".join(texts), written(sheet, others)


@for_each(
    ("css", "inlined", "kept"),
    [
        ("", "", ""),
        ("p{margin:0}", "p { margin:0 }", ""),
        ("/* a{b:c} */ p{margin:0} <!-- -->", "p { margin:0 }", ""),
        ("a:hover{color:red}", "", "a:hover { color:red !important; }"),
        ("a, a:hover{b:c}", "a { b:c }", "a:hover { b:c !important; }"),
        ("p::before{content:'a;}b'}", "", 'p::before { content:"a;}b" !important; }'),
        ("td:first-child{a:b}", "td:first-child { a:b }", ""),
        (":not(a, b) i{a:b}", ":not(a, b) i { a:b }", ""),
        (":not(:hover){a:b}", "", ":not(:hover) { a:b !important; }"),
        ("a:Focus-Within{a:b}", "", "a:Focus-Within { a:b !important; }"),
        ("[title='a,b:hover']{a:b}", '[title="a,b:hover"] { a:b }', ""),
        ("p{background:url(data:x;y)}", "p { background:url(data:x;y) }", ""),
        ("@media x{p{a:b;c:d!important}q{}}", "",
         "@media x { p { a:b !important; c:d !important; } }"),
        ("a::-moz-x, b{c:d}", "", "a::-moz-x, b { c:d !important; }"),
        ("a, a:hover, a:before{b:c}", "a { b:c }",
         "a:hover { b:c !important; }\na:before { b:c !important; }"),
        ("@supports (a:b){@media x{p{a:url(b;c)}}}", "",
         "@supports (a:b) { @media x { p { a:url(b;c) !important; } } }"),
        ("@font-face{font-family:x;src:url(y)}", "", "@font-face {font-family:x;src:url(y)}"),
        ("@keyframes x{from{a:b}to{a:c}}", "", "@keyframes x {from{a:b}to{a:c}}"),
        ("@charset 'x';p{a:b}", "p { a:b }", ""),
        ("@media x{p{a:b", "", "@media x { p { a:b !important; } }"),
        ("p{a:b}}q{c:d}", "p { a:b }\nq { c:d }", ""),
        ("p{a:b};q{c:d}", "p { a:b }\nq { c:d }", ""),
        ("p{a:b}}@media x{p{a:b}}", "p { a:b }", "@media x { p { a:b !important; } }"),
    ],
)  # fmt: skip
def test_a_sheet_falls_into_two_parts(css: str, inlined: str, kept: str) -> None:
    assert split_sheet(css) == (inlined, kept)


@for_each(
    ("css", "inlined"),
    [
        ("p{text align:center;a:b}", "p { a:b }"),
        ("p{*zoom:1;a:b}", "p { a:b }"),
        ("p{a;b;c:d}", "p { c:d }"),
        ("p{content:'left open\n;a:b}q{c:d}", "p { a:b }\nq { c:d }"),
        ("p{a:b)}q{c:d}", "p {  }\nq { c:d }"),
        ("p{a:url(b c);d:e}", "p { d:e }"),
        ("p{a:b;i{c:d}e:f}", "p { a:b;e:f }"),
        ("p,q),i{a:b}", "p, i { a:b }"),
        ("p{a:b}q{c:'d", "p { a:b }\nq {  }"),
        ("p{a:b} q", "p { a:b }"),
        (f"p{{a:{'(' * 33}{')' * 33};b:c}}", "p { b:c }"),
        (f"p{{a:{'9' * 5_000};b:c}}", "p { a:0;b:c }"),
    ],
)
def test_what_cannot_be_read_costs_itself_only(css: str, inlined: str) -> None:
    assert split_sheet(css) == (inlined, "")


def test_what_cannot_be_read_costs_itself_only_in_what_is_kept() -> None:
    css = "@media x{p{a b;c:d}q){e:f}i{g:h}}@font-face{a:'b\n}@media ){}@media y{b{i:j}}"

    _, kept = split_sheet(css)

    assert kept == (
        "@media x { p { c:d !important; } i { g:h !important; } }\n"
        "@media y { b { i:j !important; } }"
    )


@pytest.mark.parametrize(
    "told",
    [
        'url("https://a.test/f.css")',
        '"//a.test/f.css"',
        "url(https://fonts.test/css2?family=Inter:wght@400;700&display=swap)",
    ],
)
def test_a_sheet_from_the_web_is_left_to_the_mail_reader_and_comes_first(told: str) -> None:
    _, kept = split_sheet(f"@media x{{p{{a:b}}}} @import {told};")

    assert kept.startswith(f"@import {told};\n@media")


@pytest.mark.parametrize("told", ["url(file:///etc/passwd)", "'a.css'", "url(ftp://a.test/b)"])
def test_a_sheet_from_elsewhere_is_left_out(told: str) -> None:
    assert split_sheet(f"@import {told};") == ("", "")


def test_no_text_in_a_sheet_ends_the_style_that_holds_it() -> None:
    assert "</" not in split_sheet("a:hover{content:'</style><script>'}")[1]


@given(st.text(alphabet="{}@;:,'\"\\/*()[]a <!-u+?9\n", max_size=80))
def test_any_text_is_a_sheet(css: str) -> None:
    assert "</" not in split_sheet(css)[1]


@pytest.mark.parametrize(
    "part", ["'\\", '"\\', "(", "{", "@media x{", "/*", "a:", "!", ",", "[", "9"]
)
def test_a_sheet_made_to_keep_a_run_busy_does_not(part: str) -> None:
    length = by_far(16_000, 64_000)  # the latter is what the column of a template's styles can hold
    filling = (part * length)[:length]
    began = time.process_time()

    split_sheet(filling)
    split_sheet("p{" + filling)
    split_sheet("p:hover{" + filling)

    assert time.process_time() - began < 10  # seconds; with 16,000 signs it takes a half
