"""Styles inlined once for many mails: the same as inlining each, and seldom done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.errors import TemplateError
from segmail.templates import Kind, Template, compile_template, inline_styles
from segmail.templates.styling import exchangeable
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite

CSS = "p,td{margin:0} .x a{color:red} a:hover{color:blue} @media (max-width:600px){p{margin:9px}}"
HTML = (
    "<html><head><title>{{var a}}</title><style>.{{var b}}{top:1px}</style></head><body>"
    '<p class="x">Hi {{var a}}, <a href="{{var b}}?x=1&y={{var a}}" title="{{var a}}">{{var b}}</a>'
    "{{if a}}<b>{{var a}}</b>{{/if}}<!-- {{var b}} --></p>"
    "<table><tr><td>{{var b}}</td></tr></table><textarea>{{var a}}</textarea></body></html>"
)
ODD = [
    "<table>{{var a}}<tr><td>{{var b}}</td></tr>{{var a}}</table>",
    "<p class='{{var a}}'>{{var b}}</p>",
    '<p class="{{var a}}" id="{{var b}}">x</p>',
    '<p style="top:{{var a}}">x</p>',
    "<p title={{var a}}>{{var b}}</p>",
    "<{{var a}}>x</{{var b}}>",
    "<p>&{{var a}};&am{{var b}}</p>",
    "<pre>{{var a}}</pre><p>{{var b}}",
    "<head>{{var a}}</head><p>{{var b}}",
    "{{var a}}<html>{{var b}}",
    "<b><table>{{var a}}</table>{{var b}}",
    "<select>{{var a}}<option>{{var b}}</select>",
    "<script>{{var a}}</script><p>{{var b}}",
    "<p>{{var a}}\ue000{{var b}}\ue001",
    "<!-- {{var a}}-><p>{{var b}}</p>-->",
    "<!-{{var a}} <p>{{var b}}</p>-->",
    "<p>a<{{var a}} b>{{var b}}</p>",
    "<h{{var a}}>x</h{{var b}}>",
    "<a title='{{var a}}' href=\"{{var b}}\">",
]
VALUES = st.one_of(
    st.sampled_from(["", " ", "O'Neil", "Jane & Co", "10,00\xa0€", "http://a.test/?code=x&id=3",
                     "?a=1&copy=2", "-", "--", "/p", "!--", "1", "&amp;", "<b>x</b>", '"', "\n",
                     "a;b", "=", "\ue000", "p", "&lt", "red", "x\u2028y", "x" * 2_001]),
    st.text(max_size=6),
    st.text(alphabet="&;=#amplt<>\"' \xa0x", max_size=8),
)  # fmt: skip


@pytest.mark.parametrize("source", [HTML, *ODD])
@settings(deadline=None)
@given(mails=st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=4))
def test_mails_are_styled_as_if_each_were_by_itself(
    source: str, mails: list[tuple[str, str]]
) -> None:
    styled = compile_template(source, kind=Kind.HTML, styles=CSS)
    plain = compile_template(source, kind=Kind.HTML)

    for a, b in mails:
        variables: dict[str, object] = {"a": a, "b": b}
        assert _made(styled, variables) == _made(plain, variables, css=CSS)


def _made(template: Template, variables: dict[str, object], *, css: str = "") -> str:
    try:
        text = template.render(variables, RecordedSite())
        return inline_styles(text, css) if css and text.strip() else text
    except TemplateError:
        return "failed"


@for_each("value", ["&", "&lt", "Jane &amp", "?a=1&copy=2"])
def test_a_value_that_may_be_an_entity_is_not_exchangeable(value: str) -> None:
    assert not exchangeable(value)


def test_mails_that_differ_in_values_alone_are_styled_once() -> None:
    source = HTML.replace(".{{var b}}{", ".own{")
    template = compile_template(source, kind=Kind.HTML, styles=CSS)

    mails = {
        template.render({"a": f"Jane O'Neil {n}", "b": f"http://x/?c={n}&id={n}"}, RecordedSite())
        for n in range(20)
    }

    assert template._styler is not None
    assert len(mails) == 20
    assert [page is not None for page in template._styler._pages.values()] == [True]


def test_pages_are_not_kept_without_end() -> None:
    template = compile_template("<p>{{var a}}", kind=Kind.HTML, styles=CSS)

    for n in range(200):
        template.render({"a": f"<b>{n}</b>"}, RecordedSite())

    assert template._styler is not None
    assert len(template._styler._pages) <= 64


def test_sheets_that_directives_name_are_inlined(render: Callable[..., str]) -> None:
    site = RecordedSite(
        templates={"t": "{{inlinecss file='in.css'}}<i>{{var one}}</i>"},
        sheets={"a.css": "p{top:1px}", "b.css": "p{top:2px}", "in.css": "i{top:3px}"},
    )
    source = "{{inlinecss file='a.css'}}{{inlinecss file='b.css'}}<p>{{include template='t'}}"

    page = render(source, site=site)

    assert '<p style="top: 2px;"><i style="top: 3px;">1</i></body>' in page


def test_a_fragment_that_inlinecss_styles_becomes_a_document(render: Callable[..., str]) -> None:
    site = RecordedSite(sheets={"a.css": "body{margin:0}"})

    page = render("{{inlinecss file='a.css'}}x{{var one}}", site=site)

    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith('</head><body style="margin: 0;">x1</body></html>')


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.SUBJECT])
def test_only_html_is_styled(render: Callable[..., str], kind: Kind) -> None:
    site = RecordedSite(sheets={"a.css": "p{top:1px}"})

    assert render("{{inlinecss file='a.css'}}<p>{{var one}}", kind=kind, site=site) == "<p>1"


def test_a_sheet_that_is_not_found_changes_nothing(render: Callable[..., str]) -> None:
    assert render("{{inlinecss file='none.css'}}<p>{{var one}}") == "<p>1"
