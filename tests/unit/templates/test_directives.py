"""The directives that ask the shop, and the templates that include others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmail.errors import TemplateError
from segmail.templates import Kind
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite


@for_each(
    ("source", "expected"),
    [
        ('{{store url=""}}', "http://shop.example.test/"),
        ('{{store url="a" _query_x="1" _query_y="2"}}', "http://shop.example.test/a/?x=1&y=2"),
        ('{{store url="a" id=$nosuch}}', "http://shop.example.test/a/"),
        ('{{store url="a" id=$int}}', "http://shop.example.test/a/42/"),
        ('{{store direct_url="p.html" _fragment="f"}}', "http://shop.example.test/p.html#f"),
        ("{{media}}", "http://shop.example.test/media/"),
        ("{{config}}", ""),
        ("{{config path=$nosuch}}", ""),
        ("{{customvar}}", ""),
        ("{{CUSTOMVAR code=promo}}", "<b>Promo & more</b>"),
        ("{{protocol http='a'}}", "http"),
        ("{{htmlescape}}", ""),
        ("{{block id='nosuch'}}", ""),
        ("{{block id=''}}", ""),
        ("{{block type='core/template'}}", ""),
        ("{{template config_path='design/email/header'}}", ""),
        ("a{{inlinecss file='x.css'}}b", "ab"),
        ("{{trans 'x'}}{{ store}}{{store1}}", "{{trans 'x'}}{{ store}}http://shop.example.test/"),
    ],
)
def test_a_directive_prints_what_the_shop_says(
    render: Callable[..., str], source: str, expected: str
) -> None:
    assert render(source) == expected


@for_each(
    ("source", "reason"),
    [
        ("{{include}}", "does not say which template"),
        ("{{include template=$nosuch}}", "does not say which template"),
        ("{{include template='gone'}}", "there is no newsletter template 'gone'"),
        ("{{template}}", "does not say which template"),
        ("{{widget type='cms/x'}}", "runs a PHP widget"),
        ("{{layout handle='x'}}", "runs a PHP layout"),
        ("{{block type='core/template' template='x.phtml'}}", "runs a PHP block"),
        ("{{skin url='../../etc/passwd'}}", "outside the theme"),
    ],
)
def test_a_broken_directive_fails_with_its_line_and_a_reason(
    render: Callable[..., str], source: str, reason: str
) -> None:
    with pytest.raises(TemplateError, match=reason) as raised:
        render("first\nsecond " + source)

    assert "(line 2)" in str(raised.value)


def test_an_included_template_sees_the_variables_and_its_parameters(
    render: Callable[..., str],
) -> None:
    site = RecordedSite(
        templates={"t": "{{var customer.email}} {{var who.email}} {{var a}} {{var one}}"}
    )

    rendered = render("{{include template='t' who=$customer a='A' one=$nosuch}}", site=site)

    assert rendered == "model3@example.test model3@example.test A 1"


def test_an_included_template_is_the_one_called_this(render: Callable[..., str]) -> None:
    site = RecordedSite(templates={"inner": "{{var this.template_code}}"})

    assert render("{{include template='inner'}} {{var this.getTemplateCode()}}", site=site) == (
        "inner golden"
    )


def test_a_transactional_template_sees_the_variables_and_its_parameters(
    render: Callable[..., str],
) -> None:
    site = RecordedSite(emails={"design/email/header": "<h1>{{var customer.email}} {{var a}}</h1>"})

    rendered = render("{{template config_path='design/email/header' a='A'}}", site=site)

    assert rendered == "<h1>model3@example.test A</h1>"


def test_a_block_by_type_is_one_that_the_shop_allows(render: Callable[..., str]) -> None:
    class Allowing(RecordedSite):
        def allows_block(self, type_: str) -> bool:
            return type_ == "cms/block"

    source = "[{{block type='cms/block' block_id='b'}}{{block type='cms/block' id='b'}}]"

    assert render(source, site=Allowing(blocks={"b": "{{var one}}"})) == "[1]"
    assert render(source, site=RecordedSite(blocks={"b": "{{var one}}"})) == "[]"


def test_a_static_block_is_rendered_with_the_mails_variables(
    render: Callable[..., str],
) -> None:
    assert render("{{block id='bench_block'}}") == (
        "<p>Block for Zoë at http://shop.example.test/x/</p>"
    )


def test_the_reason_of_a_failure_names_the_template_it_is_in(
    render: Callable[..., str],
) -> None:
    site = RecordedSite(templates={"t": "\n{{block id='b'}}"}, blocks={"b": "{{var customer}}"})

    with pytest.raises(TemplateError) as raised:
        render("{{include template='t'}}", site=site)

    assert str(raised.value).startswith(
        "In the newsletter template 't': In the static block 'b': {{var customer}} (line 1) prints"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a\nb\r\n{{var lines}}\0", "a b a b c "),
        ("{{store url='x'}} {{var empty|escape}}{{var yes|escape:url}}",
         "http://shop.example.test/x/ 1"),
        ("{{if one}}\n{{/if}}x\u2028y", " x y"),
    ],
)  # fmt: skip
def test_a_subject_is_one_line_with_all_directives(
    render: Callable[..., str], source: str, expected: str
) -> None:
    assert render(source, kind=Kind.SUBJECT) == expected


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.SUBJECT])
def test_what_is_no_html_takes_the_plain_value(render: Callable[..., str], kind: Kind) -> None:
    site = RecordedSite(templates={"t": "{{customvar code=promo}}"})

    assert render("{{include template='t'}}", kind=kind, site=site) == "plain promo"


def test_a_body_that_renders_to_nothing_is_empty(render: Callable[..., str]) -> None:
    assert render("{{var nosuch}}") == ""
