"""Each mistake that merchants make: lint tells it with its place, and its fix makes it clean."""

from __future__ import annotations

from segmail.lint import Letter, LintFinding, LintRule, lint, stops_mails
from tests.each_case import for_each

WAY_OUT = '<p><a href="{{var subscriber.getUnsubscriptionLink()}}">Unsubscribe</a></p>'


def _found(text: str, *, subject: str = "Hello", styles: str = "") -> list[LintFinding]:
    letter = Letter(
        "letter",
        subject,
        text + WAY_OUT,
        styles=styles,
        sender_name="Shop",
        sender_email="shop@example.test",
    )
    return lint(letter)


@for_each(
    ("wrong", "rule", "told"),
    [
        ('<a href="{{store url=“sale”}}">x</a>', "curly-quotes", '{{store url="sale"}}'),
        ("{{block id=„footer“}}", "curly-quotes", '{{block id="footer"}}'),
        ("{{var store.getUrl(‘sale’)}}", "curly-quotes", "{{var store.getUrl('sale')}}"),
        ("{{store url=&quot;sale&quot;}}", "entities-in-directive", '{{store url="sale"}}'),
        ("{{store url=&amp;quot;sale&amp;quot;}}", "entities-in-directive", '{{store url="sale"}}'),
        ("{{store url=&ldquo;sale&rdquo;}}", "entities-in-directive", '{{store url="sale"}}'),
        ("{{var&nbsp;email}}", "entities-in-directive", "{{var email}}"),
        ("{{var <b>email</b>}}", "entities-in-directive", "{{var email}}"),
        ("Dear {var customer_name},", "missing-brace", "{{var customer_name}}"),
        ("Dear {var customer_name}},", "missing-brace", "{{var customer_name}}"),
        ("{if email}", "missing-brace", "{{if email}}"),
        ("{{var email} and {{var name}}", "missing-brace", "{{var email}}"),
        ("*|FNAME|*", "foreign-tag", "{{var customer_firstname}}"),
        ("%%email%%", "foreign-tag", "{{var customer_email}}"),
        ("[[unsubscribe]]", "foreign-tag", "{{var subscriber.getUnsubscriptionLink()}}"),
        ("<%= name %>", "foreign-tag", "{{var customer_name}}"),
        ("{$first_name}", "foreign-tag", "{{var customer_firstname}}"),
        ("{{ customer.firstname }}", "unknown-directive", "{{var customer.firstname}}"),
        ("{{customer.getName()}}", "unknown-directive", "{{var customer.getName()}}"),
        ("{{customer}}", "unknown-directive", "{{var customer.getName()}}"),
        ("{{ store.name }}", "unknown-directive", "{{var store.name}}"),
        ("{{subscriber}}", "unknown-directive", "{{var subscriber.getEmail()}}"),
        ("{{customer_email}}", "unknown-directive", "{{var customer_email}}"),
        (
            '{{store url="https://shop.example.test/sale"}}',
            "whole-url",
            "https://shop.example.test/sale",
        ),
    ],
)
def test_what_is_told_can_be_written_in_its_place(wrong: str, rule: str, told: str) -> None:
    found = _found(f"<p>a</p>\n{wrong}")

    [finding] = [one for one in found if one.rule == rule]
    assert finding.where.line == 2
    assert f"Write {told}" in finding.advice
    if told.startswith("{{if"):
        told += "{{/if}}"
    assert _found(f"<p>a</p>\n{told}") == []


@for_each(
    ("wrong", "right", "rule"),
    [
        ("{% if email %}x{% endif %}", "{{if email}}x{{/if}}", "foreign-tag"),
        ("%7B%7Bvar email%7D%7D", "{{var email}}", "foreign-tag"),
        ('<img src="//a.test/a.png">', '<img src="//a.test/a.png" alt="">', "missing-alt"),
        ('<a href="http://localhost/a">x</a>', '<a href="{{store url="a"}}">x</a>', "local-link"),
        ('<img alt="" src="file:///C:/a.png">', '<img alt="" src="{{media url="a.png"}}">',
         "local-link"),
        ('<a href="//192.168.0.7:8080/">x</a>', '<a href="https://a.test/">x</a>', "local-link"),
        ("<script>x()</script>", "", "active-content"),
        ('<form action="https://a.test/">x</form>', '<a href="https://a.test/">x</a>',
         "active-content"),
        ('<link rel="stylesheet" href="https://a.test/a.css">', "", "active-content"),
        ('<b onclick="x()">x</b>', "<b>x</b>", "active-content"),
        ('<a href="//a.test/>x</a>', '<a href="//a.test/">x</a>', "open-quotation-mark"),
        ("<p title='a>b</p>", "<p title='a'>b</p>", "open-quotation-mark"),
        ("<a href=”https://a.test/”>x</a>", '<a href="https://a.test/">x</a>', "curly-quotes"),
        ('<p style="text align: center">x</p>', '<p style="text-align: center">x</p>',
         "unreadable-style"),
        ("<style>.a{color:red .b{margin:0}</style>", "<style>.a{color:red} .b{margin:0}</style>",
         "css-brace"),
        ("<style>.a{color:red}}</style>", "<style>.a{color:red}</style>", "css-brace"),
        ("<!--@subject Hello @-->", "", "template-file-header"),
        ('<div style="display:none">Hello</div>', '<div style="display:none">10 % off</div>',
         "preheader"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_until_it_is_mended(
    wrong: str, right: str, rule: str
) -> None:
    found = _found(f"<p>a</p>\n{wrong}")

    assert {one.rule for one in found} == {rule}
    assert found[0].where.line == 2
    assert found[0].advice
    assert _found(f"<p>a</p>\n{right}") == []


@for_each(
    ("letter", "rule", "part"),
    [
        (Letter("a", "", WAY_OUT), "empty", "subject"),
        (Letter("a", "b" * 201, WAY_OUT), "size", "subject"),
        (Letter("a", "b", " "), "empty", "text"),
        (Letter("a", "b", WAY_OUT, sender_name="", sender_email="a@b.test"), "empty", "sender"),
        (Letter("a", "b", WAY_OUT, sender_name="A", sender_email=""), "empty", "sender"),
        (Letter("a", "b", WAY_OUT, sender_name="A", sender_email="a@@b"), "sender", "sender"),
        (Letter("a", "b", "é" * 40_000 + WAY_OUT), "size", "text"),
        (Letter("a", "b", "<td>x" * 3_001 + WAY_OUT, styles="td{top:0}"), "limit", "text"),
    ],
)
def test_what_keeps_every_mail_from_being_sent_is_told(
    letter: Letter, rule: str, part: str
) -> None:
    [finding] = lint(letter)

    assert (finding.rule, finding.where.part) == (rule, part)
    assert stops_mails(finding)


def test_styles_that_are_too_much_work_are_told_beforehand() -> None:
    many = "".join(f"<p style='x:{n}'>x</p>" for n in range(200)) + WAY_OUT
    letter = Letter("a", "b", many, styles="p{" + "top:0;" * 2_000 + "}")

    [finding] = lint(letter)

    assert (finding.rule, finding.where.part) == ("limit", "styles")
    assert "more than 200,000 steps" in finding.what
    assert not stops_mails(finding)


def test_styles_that_leave_no_room_are_told_beforehand() -> None:
    letter = Letter("a", "b", "word " * 8_000 + WAY_OUT, styles="p.a:hover{left:0}" * 2_000)

    [finding] = lint(letter)

    assert (finding.rule, finding.where.part, stops_mails(finding)) == ("size", "styles", False)
    assert "Maho's table holds 65,535" in finding.what


def test_braces_of_template_styles_are_told_with_their_place() -> None:
    [finding] = _found("<p>x</p>", styles="a{top:0}\n.a{color:red .b{margin:0}")

    assert (finding.rule, finding.where.part, finding.where.line) == ("css-brace", "styles", 2)


def test_a_link_out_of_the_newsletter_in_a_comment_is_none() -> None:
    for hidden in (f"<!-- {WAY_OUT} -->", f"<!--[if mso]>{WAY_OUT}<![endif]-->"):
        assert [one.rule for one in lint(Letter("a", None, f"<p>x</p>{hidden}"))] == [
            LintRule.NO_UNSUBSCRIBE_LINK
        ]


@for_each(
    "text",
    [
        '<a href="{{store url="sale"}}">x</a><a href=\'{{store url="sale"}}\'>x</a>',
        "<style>@media (max-width:600px){.a{color:red}} @font-face{src:url('a}b')}</style>",
        "<!--[if mso]><table><tr><td><![endif]--><p>x</p><!--[if mso]></td></table><![endif]-->",
        '<!--[if !mso]><!--><p style="mso-hide:all;font:12px \'A;B\'">x</p><!--<![endif]-->',
        '<img src="https://a.test/a.gif" width="1" height="1"><img alt src="https://a.test/b.gif">',
        "<p title=\"a > b\">It’s “good” — 5 € {see below} [1] 100% ${'$'}5</p>",
        '{{block id="l’été"}}<p style="color:{{var email}}">x</p>',
        '<html lang="en"><head><title>{x}</title><meta name="color-scheme" content="light dark">'
        "</head><body>x</body></html>",
        '<a href="https://a.test/?a=%7Bb%7D&online=1">x</a>',
        "<style>a[x-apple-data-detectors]{color:inherit!important} u + .body{top:0}</style>",
    ],
)  # fmt: skip
def test_lint_is_quiet_about_right_templates(text: str) -> None:
    assert _found(text) == []
