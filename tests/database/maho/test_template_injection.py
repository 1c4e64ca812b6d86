"""Names in templates are looked up as they are: never SQL, never a pattern."""

from __future__ import annotations

from itertools import product

import pytest

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.site import Sites, StoreSite
from segmail.maho.storefront.stores import Stores
from segmail.templates import Kind, compile_template
from tests.shop_builder import ShopBuilder

SECRET = "S3CR3T"
ATTACKS = [
    "x' OR '1'='1",
    'x\\" OR 1=1 -- ',
    "x' UNION SELECT value FROM core_config_data -- ",
    "'; DROP TABLE newsletter_template; --",
    "%",
    "s_cret",
    "secret\\0",
    "1 OR 1=1",
    "0x736563726574",
]
DIRECTIVES = ["customVar code=", "include template=", "block id=", "config path=", "store url="]


@pytest.fixture
def site(shop: ShopBuilder) -> StoreSite:
    shop.template(SECRET, code="secret")
    variable = shop.insert(shop.tables.variable, code="secret", name="secret")
    shop.insert(shop.tables.variable_value, variable_id=variable, store_id=1, html_value=SECRET)
    shop.config("system/smtp/password", SECRET)
    with shop.read() as tx:
        config = StoreConfig.load(tx)
        stores = Stores.load(tx)
    return Sites(shop.shop, config, stores).of(stores.default)


def test_ghsa_45gj_78hc_4mvc_a_name_is_never_sql(site: StoreSite) -> None:
    for directive, attack in product(DIRECTIVES, ATTACKS):
        for source in (f'{{{{{directive}"{attack}"}}}}', f"{{{{{directive}$attack}}}}"):
            template = compile_template(source, kind=Kind.HTML)
            try:
                assert SECRET not in template.render({"attack": attack}, site)
            except TemplateError as error:
                assert "there is no newsletter template" in str(error)  # noqa: PT017


def test_the_names_themselves_are_found(site: StoreSite) -> None:
    source = "{{customVar code=secret}}{{include template=secret}}"

    assert compile_template(source, kind=Kind.HTML).render({}, site) == SECRET * 2
