"""What lint says about what is written wrong: rule, place, sentence, fix."""

from __future__ import annotations

import pytest

from segmail.lint import Letter, Remark, Severity, lint

WAY_OUT = "{{var subscriber.getUnsubscriptionLink()}}"


def remarks(text: str, subject: str | None = None) -> list[Remark]:
    return lint(Letter("letter", subject, text + WAY_OUT))


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("{{if customer_name}}Dear", "unclosed-block", (1, 1)),
        ("a\nb {{depend email}}", "unclosed-block", (2, 3)),
        ("Dear{{else}}", "stray-tag", (1, 5)),
        ("Dear{{/if}}", "stray-tag", (1, 5)),
        ("\n\n {{/depend}}", "stray-tag", (3, 2)),
        ("{{trans 'Dear'}}", "unknown-directive", (1, 1)),
        ("{{ var email}}", "unknown-directive", (1, 1)),
        ("{{email}}", "unknown-directive", (1, 1)),
        ("{{* comment *}}", "unknown-directive", (1, 1)),
        ("{{{var email}}}", "unknown-directive", (1, 1)),
        ("{{var customer_nmae}}", "unknown-variable", (1, 1)),
        ("{{if first_name}}a{{/if}}", "unknown-variable", (1, 1)),
        ("{{htmlescape var=$customername}}", "unknown-variable", (1, 1)),
        ("{{if step_number == 2}}a{{/if}}", "comparison", (1, 1)),
        ("{{if customer.getGroupId() == 2}}a{{/if}}", "comparison", (1, 1)),
        ("{{var store.getPhone()}}", "unknown-attribute", (1, 1)),
        ("{{var customer.delete()}}", "unknown-attribute", (1, 1)),
        ("{{var customer.getStore().phone}}", "unknown-attribute", (1, 1)),
        ("{{var customer.password_hash}}", "secret", (1, 1)),
        ("{{var customer}}", "whole-object", (1, 1)),
        ("{{var customer.getStore()}}", "whole-object", (1, 1)),
        ("{{var store.website}}", "whole-object", (1, 1)),
        ("{{htmlescape var=$customer}}", "whole-object", (1, 1)),
        ("{{include}}", "missing-argument", (1, 1)),
        ('{{store url = "customer/account"}}', "blank-after-equals", (1, 1)),
        ("{{skin url='../x.png'}}", "unsupported-directive", (1, 1)),
        ("{{widget type='cms/x'}}", "unsupported-directive", (1, 1)),
    ],
)
def test_an_error_has_its_place(text: str, rule: str, place: tuple[int, int]) -> None:
    [remark] = remarks(text)

    assert (remark.rule, remark.severity) == (rule, Severity.ERROR)
    assert (remark.line, remark.column) == place


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{{var email|upper}}", "unknown-modifier"),
        ("{{var email | escape}}", "unknown-modifier"),
        ("{{var}}", "missing-argument"),
        ("{{if}}a{{/if}}", "missing-argument"),
        ("{{media}}", "missing-argument"),
        ("{{var customer_name.first}}", "ignored-member"),
        ('<a class="x" href="/sale.html">', "relative-link"),
        ("<img alt='' src='images/a.png'>", "relative-link"),
    ],
)
def test_what_may_be_meant_is_a_warning(text: str, rule: str) -> None:
    [remark] = remarks(text)

    assert (remark.rule, remark.severity) == (rule, Severity.WARNING)


@pytest.mark.parametrize(
    "text",
    [
        "{{if email}}a{{if name}}b{{else}}c{{/if}}d{{else}}e{{/if}}",
        "{{IF customer.name}}{{Var customer.getName()|escape|nl2br}}{{/IF}}",
        "{{depend coupon_code}}{{var coupon_code}} {{var coupon_expires_formatted}}{{/depend}}",
        "{{var store.getConfig('general/store_information/name')}} {{var store.website.name}}",
        "{{var customer.getStore().getFrontendName()}} {{var this.template_code}}",
        "{{store url='catalog/product/view' id=5 _query_utm=\"a = b\"}}",
        "{{htmlescape var=$customer_name allowed_tags='b,i'}}{{protocol url='www.x.test'}}",
        "{{customVar code=promo}}{{media url='a b.png'}}{{skin url=\"images/logo.gif\"}}",
        "{{inlinecss file='mail.css'}}{{var non_inline_styles}}{{config path='web/x/y'}}",
        "{{include template='footer' extra=$customer}}{{block id='footer'}}",
        "<style>@media screen{.a{color:red}}</style>",
        "<a href='#top'></a><a href='mailto:a@b.test'></a><img src='cid:1'><a href='//b.test/'>",
        "<a href=\"{{store url='x'}}\"></a><a href='{{var logo_url}}'></a>",
    ],
)
def test_lint_is_silent_about_what_works(text: str) -> None:
    assert remarks(text) == []


def test_a_wrong_name_is_told_with_the_right_one() -> None:
    [nmae, bare, blank, phone] = remarks(
        "{{var customer_nmae}}{{customer_firstname}}{{ var email}}{{var store.getPhone()}}"
    )

    assert nmae.fix == "Did you mean customer_name?"
    assert bare.fix == "Write {{var customer_firstname}}."
    assert blank.fix == "Take the blank out: {{var email}}."
    assert phone.fix == "Write {{var store_phone}}."


def test_a_subject_is_checked_and_told_apart() -> None:
    [remark] = remarks("Hello", subject="Hi {{var custmer_name}}")

    assert (remark.part, remark.line, remark.column) == ("subject", 1, 4)
    assert remark.where == "letter (subject):1:4"


def test_a_template_past_a_limit_is_one_error() -> None:
    [remark] = lint(Letter("letter", None, "{{if email}}" * 60 + "{{/if}}" * 60))

    assert (remark.rule, remark.stops) == ("limit", True)


@pytest.mark.parametrize(
    "text",
    [
        "{{var subscriber.unsubscription_link}}",
        '{{depend email}}<a href="{{var subscriber.getUnsubscriptionLink()}}">x</a>{{/depend}}',
        "{{store url='newsletter/manage'}}",
        '<a href="mailto:unsubscribe@shop.test">x</a>',
        '<a href="https://shop.test/newsletter/manage/">x</a>',
        "{{include template='footer'}}",
        "{{template config_path='design/email/footer'}}",
        "",
    ],
)
def test_a_way_out_of_the_newsletter_is_seen(text: str) -> None:
    assert lint(Letter("letter", None, text)) == []


def test_a_letter_without_a_way_out_is_told_at_its_end() -> None:
    [remark] = lint(Letter("letter", "Hello", "<p>Hello</p>\n<p>World</p>\n\n"))

    assert (remark.rule, remark.line, remark.column) == ("no-unsubscribe-link", 2, 13)
    assert "getUnsubscriptionLink" in remark.fix


def test_a_coupon_is_missed_only_where_it_is_shown_in_any_case() -> None:
    text = "{{if coupon_code}}{{var coupon_code}}{{else}}{{var coupon_description}}{{/if}}"

    [remark] = lint(Letter("letter", None, text + WAY_OUT), couponless=["VIP:enter:1"])

    assert remark.rule == "no-coupon"
    assert "{{var coupon_description}} prints nothing: VIP:enter:1 makes no coupon" in remark.text
