"""What lint says about what is written wrong: rule, place, sentence, fix."""

from __future__ import annotations

import time

import pytest

from segmail.findings import Severity
from segmail.lint import Letter, LintFinding, lint, stops_mails
from tests.each_case import for_each
from tests.thorough import by_far

WAY_OUT = "{{var subscriber.getUnsubscriptionLink()}}"


def findings(text: str, subject: str | None = None) -> list[LintFinding]:
    return lint(Letter("letter", subject, text + WAY_OUT))


@for_each(
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
    [finding] = findings(text)

    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert (finding.where.line, finding.where.column) == place


@for_each(
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
    [finding] = findings(text)

    assert (finding.rule, finding.severity) == (rule, Severity.WARNING)


@for_each(
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
        "<a href='#top'></a><a href='mailto:a@b.test'></a><img src='cid:1' alt><a href='//b.t/'>",
        "<a href=\"{{store url='x'}}\"></a><a href='{{var logo_url}}'></a>",
    ],
)
def test_lint_is_silent_about_what_works(text: str) -> None:
    assert findings(text) == []


def test_a_wrong_name_is_told_with_the_right_one() -> None:
    [nmae, bare, blank, phone] = findings(
        "{{var customer_nmae}}{{customer_firstname}}{{ var email}}{{var store.getPhone()}}"
    )

    assert nmae.advice == "Did you mean customer_name?"
    assert bare.advice == "Write {{var customer_firstname}}."
    assert blank.advice == "Take the blank out: {{var email}}."
    assert phone.advice == "Write {{var store_phone}}."


def test_a_subject_is_checked_and_told_apart() -> None:
    [finding] = findings("Hello", subject="Hi {{var custmer_name}}")

    assert (finding.where.part, finding.where.line, finding.where.column) == ("subject", 1, 4)
    assert str(finding.where) == "letter (subject):1:4"


def test_a_template_past_a_limit_is_one_error() -> None:
    [finding] = lint(Letter("letter", None, "{{if email}}" * 60 + "{{/if}}" * 60))

    assert (finding.rule, stops_mails(finding)) == ("limit", True)


@for_each(
    "text",
    [
        "{{var subscriber.unsubscription_link}}",
        '{{depend email}}<a href="{{var subscriber.getUnsubscriptionLink()}}">x</a>{{/depend}}',
        "{{store url='newsletter/manage'}}",
        '<a href="mailto:unsubscribe@shop.test">x</a>',
        '<a href="https://shop.test/newsletter/manage/">x</a>',
        "{{include template='footer'}}",
        "{{template config_path='design/email/footer'}}",
    ],
)
def test_a_way_out_of_the_newsletter_is_seen(text: str) -> None:
    assert lint(Letter("letter", None, text)) == []


def test_a_letter_without_a_way_out_is_told_at_its_end() -> None:
    [finding] = lint(Letter("letter", "Hello", "<p>Hello</p>\n<p>World</p>\n\n"))

    assert (finding.rule, finding.where.line, finding.where.column) == (
        "no-unsubscribe-link",
        2,
        13,
    )
    assert "getUnsubscriptionLink" in finding.advice


def test_a_coupon_is_missed_only_where_it_is_shown_in_any_case() -> None:
    text = "{{if coupon_code}}{{var coupon_code}}{{else}}{{var coupon_description}}{{/if}}"

    [finding] = lint(Letter("letter", None, text + WAY_OUT), couponless=["VIP:enter:1"])

    assert finding.rule == "no-coupon"
    assert "{{var coupon_description}} prints nothing: VIP:enter:1 makes no coupon" in finding.what


@pytest.mark.parametrize("sign", ["<p a ", "<meta ", "{%", "<%", "%7B%7B", "<!--@a", "a{{"])
def test_a_text_full_of_one_sign_is_read_in_time(sign: str) -> None:
    length = by_far(20_000, 60_000)
    text = sign * (length // len(sign))
    began = time.process_time()

    assert lint(Letter("a", "b", text, styles="{" * length))

    assert time.process_time() - began < 8  # seconds; what it guards against takes minutes
