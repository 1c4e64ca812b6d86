"""What lint says about a template because of what the shop has, or has not."""

from __future__ import annotations

import pytest

from segmail.authoring.render_for import Asked, Scene
from segmail.lint import Facts, Letter, LintFinding, lint, stops_mails
from segmail.lint.variables import TemplateObject, mail_objects
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.steps import load_steps
from segmail.mail.run_cache import RunCache
from segmail.settings import MessageSettings
from segmail.templates import DataObject
from tests.shop_builder import ShopBuilder

WAY_OUT = "{{var subscriber.getUnsubscriptionLink()}}"
ALLOWED = "general/store_information/name"


def findings(shop: ShopBuilder, text: str) -> list[LintFinding]:
    return lint(Letter("letter", None, text + WAY_OUT), Facts.load(shop.shop))


def rules(shop: ShopBuilder, text: str) -> list[str]:
    return [finding.rule for finding in findings(shop, text)]


def allow(shop: ShopBuilder, path: str) -> None:
    shop.insert(shop.tables.permission_variable, variable_name=path, is_allowed=1)


def block(shop: ShopBuilder, identifier: str, content: str, *, is_active: int = 1) -> None:
    block_id = len(shop.rows(shop.tables.cms_block)) + 1
    columns = {"block_id": block_id, "title": identifier, "identifier": identifier}
    rows = [{**columns, "content": content, "is_active": is_active}]
    shop.insert_all(shop.tables.cms_block, rows)
    shop.insert_all(shop.tables.cms_block_store, [{"block_id": block_id, "store_id": 2}])


def test_an_attribute_that_customers_do_not_have_is_an_error(shop: ShopBuilder) -> None:
    [wrong, method] = findings(shop, "{{var customer.frstname}}{{var customer.getNickName()}}")

    assert wrong.rule == method.rule == "unknown-attribute"
    assert wrong.advice == "Did you mean customer.firstname?"
    assert "no attribute 'nick_name'" in method.what


def test_an_attribute_without_any_value_is_odd_where_it_is_printed(shop: ShopBuilder) -> None:
    text = "{{var customer.taxvat}}{{depend customer.taxvat}}{{var customer.taxvat}}{{/depend}}"
    assert rules(shop, text) == []  # there are no customers yet

    shop.customer()
    assert rules(shop, text) == ["attribute-without-values"]

    shop.customer(values={"taxvat": "IT1"})
    assert rules(shop, text) == []


def test_settings_must_be_allowed_and_set(shop: ShopBuilder) -> None:
    allow(shop, ALLOWED)
    allow(shop, "general/store_information/phone")

    assert rules(shop, f"{{{{config path='{ALLOWED}'}}}}") == []
    assert rules(shop, "{{config path='general/store_information/phone'}}") == ["config-empty"]
    assert rules(shop, "{{config path='system/smtp/host'}}") == ["config-not-allowed"]
    assert rules(shop, "{{var store.getConfig('system/smtp/host')}}") == ["config-not-allowed"]


def test_custom_variables_templates_and_blocks_must_exist(shop: ShopBuilder) -> None:
    variable = shop.insert(shop.tables.variable, code="promo")
    shop.insert(shop.tables.variable_value, variable_id=variable, store_id=2, plain_value="Promo")
    block(shop, "asleep", "", is_active=0)

    assert rules(shop, "{{customVar code=promo}}") == []
    assert rules(shop, "{{customVar code=nosuch}}") == ["unknown-custom-variable"]
    assert rules(shop, "{{include template='nosuch'}}") == ["missing-template"]
    assert rules(shop, "{{block id='asleep'}}") == ["missing-block"]


def test_what_is_included_is_checked_in_its_own_place(shop: ShopBuilder) -> None:
    shop.template("{{var who}}\n{{block id='end'}}", code="footer")
    block(shop, "end", "\n {{var nobody}}")

    [finding] = findings(shop, "{{include template='footer' who=$customer_name}}")

    assert str(finding.where) == "block end:2:2"


def test_an_included_way_out_counts(shop: ShopBuilder) -> None:
    block(shop, "footer", WAY_OUT)
    block(shop, "other", "Hello")

    with_it, without = (
        lint(Letter("letter", None, f"{{{{block id='{code}'}}}}"), Facts.load(shop.shop))
        for code in ("footer", "other")
    )

    assert with_it == []
    assert [finding.rule for finding in without] == ["no-unsubscribe-link"]


def test_templates_that_include_themselves_are_found(shop: ShopBuilder) -> None:
    shop.template("{{include template='b'}}", code="a")
    shop.template("{{include template='a'}}", code="b")

    [finding] = findings(shop, "{{include template='a'}}")

    assert (finding.rule, finding.where.name, stops_mails(finding)) == ("recursion", "b", True)
    assert "a > b > a" in finding.what


def test_templates_that_include_each_other_very_often_end(shop: ShopBuilder) -> None:
    for level in range(9):
        text = "".join(f"{{{{include template='t{level + 1}' p{n}=1}}}}" for n in range(4))
        shop.template(text, code=f"t{level}")
    shop.template("end", code="t9")

    assert rules(shop, "{{include template='t0'}}") == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_lint_knows_exactly_the_variables_of_a_mail(shop: ShopBuilder) -> None:
    """The lists of `segmail.lint.variables` are those of `segmail.delivery`."""
    step = shop.step(shop.segment(), rule_id=shop.rule())
    asked = Asked(customer=str(shop.customer()), step=str(step))
    with shop.read() as tx:
        config = StoreConfig.load(tx)
        steps = load_steps(tx)
    cache = RunCache(shop.shop, config, steps, maho_root=None)
    message = MessageSettings()
    scene = Scene(shop.shop, config, asked, maho_root=None, message=message, now=shop.now)

    real = scene.variables(cache.newsletter(steps[0].template_id), markup=False).variables
    known = mail_objects(cache.attributes.by_code)

    assert real.keys() | {"cart", "order", "products", "loyalty"} == known.keys()
    for name, value in real.items():
        _same(value, known[name])


def _same(value: object, known: TemplateObject | None) -> None:
    assert isinstance(value, DataObject) == (known is not None)
    if isinstance(value, DataObject) and known is not None:
        assert set(value._methods) == set(known.methods)
        assert set(value._data) <= known.keys
        assert known.name == "customer" or set(value._data) == known.keys
        for method, inner in known.methods.items():
            found = value.member(method, None, ())
            if found is not None:  # addresses are read only for templates that name them
                _same(found, inner)


def test_mahos_own_templates_must_be_found(shop: ShopBuilder) -> None:
    shop.config("design/email/header", "design_email_header")

    [unread] = findings(shop, "{{template config_path='design/email/header'}}")
    [unset] = findings(shop, "{{template config_path='design/email/nosuch'}}")

    assert (unread.rule, stops_mails(unread)) == ("missing-template", True)
    assert "--maho-root" in unread.advice
    assert (unset.rule, unset.severity) == ("missing-template", "warning")


def test_blocks_of_php_must_be_allowed(shop: ShopBuilder) -> None:
    [finding] = findings(shop, "{{block type='cms/block' block_id='footer'}}")

    assert (finding.rule, finding.severity) == ("unsupported-directive", "warning")
