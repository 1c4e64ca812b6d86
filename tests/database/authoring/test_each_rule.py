"""Each rule of lint: one mistake, and what its fix says instead, of which nothing is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from segmail.lint import Facts, Letter, LintRule, lint
from tests.database.authoring.test_facts import ALLOWED, allow, block
from tests.shop_builder import ShopBuilder

WAY_OUT = '<p><a href="{{var subscriber.getUnsubscriptionLink()}}">Unsubscribe</a></p>'
EMPTY_SETTING = "general/store_information/phone"

# What is wrong, and what is right; texts, or fields of the letter.
MISTAKES: dict[LintRule, tuple[str | dict[str, Any], str | dict[str, Any]]] = {
    LintRule.LIMIT: ("{{if email}}" * 51 + "{{/if}}" * 51, "{{if email}}" * 9 + "{{/if}}" * 9),
    LintRule.UNKNOWN_DIRECTIVE: ("{{ customer.firstname }}", "{{var customer.firstname}}"),
    LintRule.UNCLOSED_BLOCK: ("{{if email}}x", "{{if email}}x{{/if}}"),
    LintRule.STRAY_TAG: ("x{{/if}}", "x"),
    LintRule.UNFINISHED: (
        {"text": f"{WAY_OUT}{{{{var email"},
        {"text": f"{WAY_OUT}{{{{var email}}}}"},
    ),
    LintRule.UNKNOWN_MODIFIER: ("{{var email|upper}}", "{{var email|escape}}"),
    LintRule.COMPARISON: ("{{if email == 1}}x{{/if}}", "{{if email}}x{{/if}}"),
    LintRule.UNKNOWN_VARIABLE: ("{{var custmer_name}}", "{{var customer_name}}"),
    LintRule.UNKNOWN_MEMBER: ("{{var customer.frstname}}", "{{var customer.firstname}}"),
    LintRule.UNUSED_ATTRIBUTE: (
        "{{var customer.taxvat}}",
        "{{depend customer.taxvat}}{{var customer.taxvat}}{{/depend}}",
    ),
    LintRule.SECRET: ("{{var customer.password_hash}}", "x"),
    LintRule.WHOLE_OBJECT: ("{{var customer}}", "{{var customer.getName()}}"),
    LintRule.IGNORED_MEMBER: ("{{var email.domain}}", "{{var email}}"),
    LintRule.NO_COUPON: (
        "{{var coupon_code}}",
        "{{depend coupon_code}}{{var coupon_code}}{{/depend}}",
    ),
    LintRule.CONFIG_NOT_ALLOWED: ('{{config path="a/b/c"}}', f'{{{{config path="{ALLOWED}"}}}}'),
    LintRule.CONFIG_EMPTY: (
        f'{{{{config path="{EMPTY_SETTING}"}}}}',
        f'{{{{config path="{ALLOWED}"}}}}',
    ),
    LintRule.UNKNOWN_CUSTOM_VARIABLE: ('{{customvar code="none"}}', ""),
    LintRule.MISSING_TEMPLATE: ('{{include template="none"}}', '{{include template="some"}}'),
    LintRule.MISSING_BLOCK: ('{{block id="none"}}', '{{block id="footer"}}'),
    LintRule.RECURSION: ('{{include template="itself"}}', '{{include template="some"}}'),
    LintRule.UNSUPPORTED: ('{{layout handle="x"}}', '{{block id="footer"}}'),
    LintRule.MISSING_ARGUMENT: ("{{include}}", '{{include template="some"}}'),
    LintRule.BLANK_VALUE: ('{{block id= "footer"}}', '{{block id="footer"}}'),
    LintRule.NO_UNSUBSCRIBE_LINK: ({"text": "<p>x</p>"}, {"text": f"<p>x</p>{WAY_OUT}"}),
    LintRule.RELATIVE_LINK: ('<a href="/sale">x</a>', '<a href="{{store url="sale"}}">x</a>'),
    LintRule.CURLY_QUOTES: ("{{block id=“footer”}}", '{{block id="footer"}}'),
    LintRule.ENTITY_QUOTES: ("{{block id=&quot;footer&quot;}}", '{{block id="footer"}}'),
    LintRule.SINGLE_BRACE: ("{var customer_name}", "{{var customer_name}}"),
    LintRule.FOREIGN_TAG: ("*|FNAME|*", "{{var customer_firstname}}"),
    LintRule.FILE_HEADER: ("<!--@subject Hello @-->", ""),
    LintRule.ACTIVE_CONTENT: ("<script>x()</script>", ""),
    LintRule.MISSING_ALT: ('<img src="//a.test/a.png">', '<img src="//a.test/a.png" alt="">'),
    LintRule.LOCAL_LINK: (
        '<a href="http://localhost/a">x</a>',
        '<a href="{{store url="a"}}">x</a>',
    ),
    LintRule.WHOLE_URL: (
        '<a href="{{store url="https://a.test/sale"}}">x</a>',
        '<a href="https://a.test/sale">x</a>',
    ),
    LintRule.OPEN_QUOTE: ('<a href="//a.test/>x</a>', '<a href="//a.test/">x</a>'),
    LintRule.STYLE_ATTRIBUTE: (
        '<p style="text align:center">x</p>',
        '<p style="text-align:center">x</p>',
    ),
    LintRule.CSS_BRACE: ({"styles": "a{color:red"}, {"styles": "a{color:red}"}),
    LintRule.EMPTY: ({"subject": ""}, {"subject": "Hello"}),
    LintRule.SENDER: ({"sender_email": "shop@@a.test"}, {"sender_email": "shop@a.test"}),
    LintRule.SIZE: ({"subject": "x" * 201}, {"subject": "x" * 50}),
    LintRule.PREHEADER: (
        '<div style="display:none">Hello</div>',
        '<div style="display:none">And more</div>',
    ),
}


def _found(shop: ShopBuilder, told: str | dict[str, Any]) -> set[str]:
    fields = {"text": told + WAY_OUT} if isinstance(told, str) else told
    letter = Letter("letter", "Hello", WAY_OUT, sender_name="Shop", sender_email="a@b.test")
    findings = lint(replace(letter, **fields), Facts.load(shop.shop), couponless=["Cart:enter:1"])
    assert all(finding.advice for finding in findings)
    return {str(finding.rule) for finding in findings}


@pytest.fixture
def furnished(shop: ShopBuilder) -> ShopBuilder:
    shop.customer()
    for path in (ALLOWED, EMPTY_SETTING):
        allow(shop, path)
    shop.config(ALLOWED, "Shop")
    block(shop, "footer", "The end")
    shop.template("Some", code="some")
    shop.template('{{include template="itself"}}', code="itself")
    return shop


def test_each_mistake_is_told_and_its_fix_is_clean(furnished: ShopBuilder) -> None:
    # A shop's own partials are tried by themselves: see tests/unit/mail/test_partials.py.
    assert set(MISTAKES) == set(LintRule) - {LintRule.PARTIAL}
    for rule, (wrong, right) in MISTAKES.items():
        assert rule in _found(furnished, wrong), rule
        assert _found(furnished, right) == set(), rule
