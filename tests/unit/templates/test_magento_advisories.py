"""The attacks of Magento's, OpenMage's and Maho's template advisories, each tried here.

With a control where there is one: what is allowed still works, or the attack would be seen.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmail.errors import TemplateError
from segmail.templates import DataObject, Kind, compile_template
from tests.each_case import for_each
from tests.unit.templates.fuzz.world import SECRET, World, variables
from tests.unit.templates.recorded import RecordedSite

# Published shapes of the checkout attack, and what second passes would run.
STORED = [
    "{{var this.getTemplateFilter().filter(firstname)}}",
    "{{var this.getTemplateFilter().addAfterFilterCallback(system).filter('id')}}",
    '{{config path="system/smtp/password"}}',
    "{{var customer.getData('password_hash')}}",
    "{{include template=secret}}",
    "{{block id=secret}}",
    "{{customVar code=secret}}",
    "{{depend one}}x{{/depend}}",
    "{{if one}}x{{else}}y{{/if}}",
    '{{layout handle="default"}}',
    '{{widget type="x/y"}}',
    "{{else}}",
    "{{/if}}",
    "{{/depend}}",
]


class LeakySite(RecordedSite):
    """Has something to find behind every stored directive."""

    settings = {**RecordedSite.settings, "system/smtp/password": SECRET}  # noqa: RUF012
    custom_variables = {"secret": SECRET}  # noqa: RUF012

    def __init__(self) -> None:
        texts = {"secret": SECRET, "inc": "<{{var extra}}>"}
        super().__init__(texts, texts)


@pytest.fixture
def told() -> Callable[[str], str]:
    """Render a template in a shop full of secrets; a refusal's reason counts as told."""

    def told(source: str) -> str:
        world = World({}, {})
        try:
            return compile_template(source, kind=Kind.HTML).render(variables(world), world)
        except TemplateError as error:
            return f"refused: {error}"

    return told


@for_each("value", STORED)
@for_each("kind", Kind)
def test_cve_2022_24086_a_customer_s_name_is_never_run(kind: Kind, value: str) -> None:
    template = compile_template("Dear {{var name}}, {{var customer.firstname}}!", kind=kind)
    customer = DataObject({"firstname": value, "password_hash": SECRET})

    rendered = template.render({"name": value, "customer": customer, "one": "1"}, LeakySite())

    assert rendered == f"Dear {value}, {value}!"


@for_each("value", STORED)
@for_each(
    "source",
    [
        "{{if name}}{{var name}}{{/if}}",
        "{{depend name}}{{var name}}{{/depend}}",
        "{{if none}}{{else}}{{var name}}{{/if}}",
        "{{var name|nl2br}}",
        "{{include template=inc extra=$name}}",
        "{{htmlescape var=$name}}",
        "{{media url=$name}}",
        "{{protocol url=$name}}",
    ],
)
def test_cve_2022_24087_nor_on_any_other_way_into_the_text(source: str, value: str) -> None:
    rendered = compile_template(source, kind=Kind.HTML).render({"name": value}, LeakySite())

    assert rendered.replace("&quot;", '"').count(value) == 1
    assert SECRET not in rendered


def test_cve_2022_24086_what_would_run_would_be_seen() -> None:
    site = LeakySite()

    for source in ('{{config path="system/smtp/password"}}', "{{block id=secret}}",
                   "{{include template=secret}}", "{{customVar code=secret}}"):  # fmt: skip
        assert compile_template(source, kind=Kind.HTML).render({}, site) == SECRET


@for_each(
    ("first", "last"),
    [
        ("{{config path=", '"system/smtp/password"}}'),
        ("{", '{config path="system/smtp/password"}}'),
        ('{{config path="system/smtp/password"}', "}"),
        ("{{if one}}", "{{/if}}"),
    ],
)
def test_cve_2022_24087_two_values_never_become_one_directive(first: str, last: str) -> None:
    template = compile_template("{{var first}}{{var last}}", kind=Kind.HTML)

    assert template.render({"first": first, "last": last, "one": 1}, LeakySite()) == first + last


@for_each(
    "source",
    [
        "{{{{var name}}}}",
        "{{{{var name}} path='system/smtp/password'}}",
        "{{var {{var name}}}}",
        "{{conf{{var none}}ig path='system/smtp/password'}}",
        '{{{config path="system/smtp/password"}',
        "{{config path={{var path}}}}",
        "{{config path='{{var path}}'}}",
    ],
)
def test_cve_2022_35698_a_directive_in_a_directive_makes_no_third(source: str) -> None:
    given = {"name": "config", "path": "system/smtp/password"}

    assert SECRET not in compile_template(source, kind=Kind.HTML).render(given, LeakySite())


@for_each(
    "source",
    [
        "{{var this.getTemplateFilter()}}",
        "{{var this.getTemplateFilter().filter('x')}}",
        "{{var this.setTemplateText('x').getProcessedTemplate()}}",
        "{{var customer.getResource().getReadConnection()}}",
        "{{var customer.getResource().getReadConnection().fetchAll('SELECT 1')}}",
        "{{var customer.getCollection()}}",
        "{{var customer.delete()}}",
        "{{var customer.load(2).getFirstname()}}",
        "{{var customer.setEmail('x').save()}}",
        "{{var customer.changePassword('x')}}",
        "{{var store.getConfig('system/smtp/password')}}",
        "{{var store.getWebsite().getConfig('system/smtp/password')}}",
        "{{var store.getBaseDir()}}",
        "{{var subscriber.unsubscribe()}}",
        "{{var subscriber.loadByEmail('b@a.test').getEmail()}}",
    ],
)
def test_apsb22_12_no_method_but_the_named_ones_exists(
    told: Callable[[str], str], source: str
) -> None:
    assert told(source) == ""


def test_the_named_methods_exist(told: Callable[[str], str]) -> None:
    assert told("{{var store.getConfig('general/store_information/name')}}") == "Fuzz & Co."
    assert told("{{var subscriber.getEmail()}}") == "a@a.test"


@for_each(
    "path",
    [
        "customer.password_hash",
        "customer.getPasswordHash()",
        "customer.getPassword_hash()",
        "customer.getPassword_Hash()",
        "customer.GETPASSWORDHASH()",
        "customer.getData('password_hash')",
        'customer.getData("password_hash", 0)',
        "customer.getData(password_hash)",
        "customer.getData('/password_hash')",
        "customer.getData('customer/password_hash')",
        "customer.getData().password_hash",
        "customer.getData('').getData('password_hash')",
        "customer.getRpToken()",
        "customer.rp_token",
        "customer.confirmation",
        "customer.getApiKey()",
        "customer.two_factor_secret",
    ],
)
def test_password_hashes_and_tokens_cannot_be_named(told: Callable[[str], str], path: str) -> None:
    assert told(f"{{{{var {path}}}}}{{{{if {path}}}}}yes{{{{/if}}}}") == ""
    assert SECRET not in told(f"{{{{htmlescape var=${path}}}}}{{{{store url=${path}}}}}")


@for_each(
    "path",
    [
        "system/smtp/password",
        "trans_email/ident_support/email",
        "general/store_information/name/../../../system/smtp/password",
        "General/Store_Information/Name",
        " general/store_information/name",
        "global/crypt/key",
        "",
    ],
)
def test_appsec_1057_only_settings_on_the_list_are_told(
    told: Callable[[str], str], path: str
) -> None:
    assert told(f"{{{{config path='{path}'}}}}") == ""
    assert told("{{config path='general/store_information/name'}}") == "Fuzz & Co."


@for_each(
    "source",
    [
        '{{block type="core/template" template="../../../../var/log/x.phtml"}}',
        '{{block type="adminhtml/system_config_form" output="toHtml"}}',
        '{{block type="core/text_list" output="getChildHtml"}}',
        '{{block type="Magento\\Framework\\View\\Element\\Template" template="x"}}',
        '{{block class="Magento\\Backend\\Block\\Template"}}',
        '{{layout handle="sales_email" area="adminhtml"}}',
        '{{widget type="cms/widget_block" template="../x.phtml"}}',
        "{{css file='../../app/etc/local.xml'}}",
        "{{view url='../../app/etc/local.xml'}}",
    ],
)
@for_each("advisory", ["CVE-2020-26295", "CVE-2021-32758", "CVE-2021-39217", "CVE-2021-41144"])
def test_blocks_widgets_and_layouts_run_no_code(
    told: Callable[[str], str], advisory: str, source: str
) -> None:
    rendered = told(source)

    assert rendered in ("", source) or rendered.startswith("refused: ")
