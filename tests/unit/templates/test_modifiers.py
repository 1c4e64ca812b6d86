"""Modifiers of {{var}}, and {{htmlescape}}."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markupsafe import Markup

from segmail.errors import TemplateError
from segmail.templates import Kind, compile_template
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite

VALUE = "<a href='x'>\"é\" & ~ €</a>"


@for_each(
    ("modifiers", "expected"),
    [
        ("|escape", "&lt;a href=&#039;x&#039;&gt;&quot;é&quot; &amp; ~ €&lt;/a&gt;"),
        ("|escape:html:more", "&lt;a href=&#039;x&#039;&gt;&quot;é&quot; &amp; ~ €&lt;/a&gt;"),
        ("|escape:htmlentities",
         "&lt;a href=&#039;x&#039;&gt;&quot;&eacute;&quot; &amp; ~ &euro;&lt;/a&gt;"),
        ("|escape:url",
         "%3Ca%20href%3D%27x%27%3E%22%C3%A9%22%20%26%20~%20%E2%82%AC%3C%2Fa%3E"),
        ("|escape:", VALUE),
        ("|escape:HTML", VALUE),
        ("|ESCAPE", VALUE),
        ("| escape", VALUE),
        ("|escape |nope||", VALUE),
        ("|upper|nl2br", VALUE),
        ("|raw", VALUE),
    ],
)  # fmt: skip
def test_escape_has_mahos_kinds(render: Callable[..., str], modifiers: str, expected: str) -> None:
    assert render(f"{{{{var value{modifiers}}}}}", value=VALUE) == expected


@for_each(
    ("modifiers", "expected"),
    [
        ("|nl2br", "a<br />\nb<br />\r\n&"),
        ("|nl2br:1", "a<br />\nb<br />\r\n&"),
        ("|nl2br:0", "a<br>\nb<br>\r\n&"),
        ("|escape|nl2br", "a<br />\nb<br />\r\n&amp;"),
        ("|nl2br|escape", "a&lt;br /&gt;\nb&lt;br /&gt;\r\n&amp;"),
    ],
)
def test_modifiers_apply_in_their_order(
    render: Callable[..., str], modifiers: str, expected: str
) -> None:
    assert render(f"{{{{var value{modifiers}}}}}", value="a\nb\r\n&") == expected


@for_each(
    ("value", "expected"),
    [
        ("a & b", "a &amp; b"),
        ("a &amp; b &eacute; &#39; &#xE9;", "a &amp; b &eacute; &#39; &#xE9;"),
        ("&nosuch; &apos; &;", "&amp;nosuch; &amp;apos; &amp;;"),
        ('it\'s "so"', "it's &quot;so&quot;"),
        ("<b>x</b> <B> <b/> < / b > <b id=1>", "<b>x</b> <B> <b/> < / b > &lt;b id=1&gt;"),
        ("##b##", "##b##"),
    ],
)
def test_htmlescape_leaves_entities_and_allowed_tags(
    render: Callable[..., str], value: str, expected: str
) -> None:
    assert render("{{htmlescape var=$value allowed_tags='b, i'}}", value=value) == expected


def test_an_allowed_tag_is_a_name_and_no_pattern(render: Callable[..., str]) -> None:
    source = "{{htmlescape var='<script>' allowed_tags='.*'}}"

    assert render(source) == "&lt;script&gt;"


def test_modifiers_without_end_are_refused() -> None:
    with pytest.raises(TemplateError, match="more than 20 modifiers"):
        compile_template("{{var a" + "|escape" * 21 + "}}", kind=Kind.HTML)


@for_each(
    ("source", "expected"),
    [
        ("{{var value}}", "&lt;i&gt;"),
        ("{{var value|nl2br}}", "&lt;i&gt;"),
        ("{{var value|escape}}", "&lt;i&gt;"),
        ("{{var value|escape:url}}", "%3Ci%3E"),
        ("{{var value|escape|escape}}", "&amp;lt;i&amp;gt;"),
        ("{{var value|raw}}", "<i>"),
        ("{{var value|raw|nl2br}}", "<i>"),
        ("{{var value|nope}}", "&lt;i&gt;"),
        ("{{if value}}{{depend value}}{{var value}}{{/depend}}{{/if}}", "&lt;i&gt;"),
        ("{{var safe}}", "<i>"),
        ("{{htmlescape var=$value}}", "&lt;i&gt;"),
        ('{{include template="t" extra="<i>" }}', "<i>&lt;i&gt;"),
    ],
)
def test_autoescape_escapes_values_once_and_nothing_of_the_merchants(
    source: str, expected: str
) -> None:
    site = RecordedSite(templates={"t": "{{var extra}}{{var value}}"})
    template = compile_template(source, kind=Kind.HTML, autoescape=True)

    assert template.render({"value": "<i>", "safe": Markup("<i>")}, site) == expected


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.SUBJECT])
def test_autoescape_is_for_html_alone(kind: Kind) -> None:
    template = compile_template("{{var value}}", kind=kind, autoescape=True)

    assert template.render({"value": "<i>"}, RecordedSite()) == "<i>"
