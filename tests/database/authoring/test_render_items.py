"""`template render` of templates that show carts and lend coupons: as a send would print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.authoring.render import Opened, render_letter
from segmail.authoring.render_for import Asked
from segmail.maho.config.store_config import StoreConfig
from segmail.settings import Settings
from tests.catalog_builder import Catalog
from tests.shop_builder import ShopBuilder


def _render(shop: ShopBuilder, template: str, asked: Asked, *, subject: bool = False) -> str:
    with shop.read() as tx:
        config = StoreConfig.load(tx)
    opened = Opened(shop.shop, config, Settings(Path()))
    done = render_letter(
        template, {}, asked, lambda: opened, subject=subject, autoescape=False, now=shop.now
    )
    assert not done.warnings
    return done.text


@pytest.mark.parametrize(("kind", "name"), [(2, "Red &lt;b&gt;lamp"), (1, "1 × Red <b>lamp")])
def test_a_customers_cart_is_printed(shop: ShopBuilder, kind: int, name: str) -> None:
    customer = shop.customer()
    Catalog(shop).filled_cart(customer, "Red <b>lamp")
    form = "Html" if kind == 2 else "Text"
    shop.template(
        f"{{{{var cart.getItems{form}()}}}}{{{{var loyalty.lifetime_sales}}}}",
        code="Cart", type=kind, subject="{{var cart.first_item_name}} waits",
    )  # fmt: skip

    asked = Asked(customer=str(customer))
    text = _render(shop, "Cart", asked)

    assert name in text
    assert "$0.00" in text
    assert _render(shop, "Cart", asked, subject=True) == "Red <b>lamp waits"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (2, ">Frozen &amp; kept</"),
        (1, "1 × Frozen & kept: $20.00\n"),
    ],
)
def test_a_product_without_a_name_has_that_of_the_carts_row_and_is_in_no_list(
    shop: ShopBuilder, kind: int, shown: str
) -> None:
    catalog, customer = Catalog(shop), shop.customer()
    nameless = catalog.sold("")
    catalog.in_cart(
        catalog.cart(customer, quote_currency_code="USD", subtotal="20"), nameless,
        product_type="simple", name="Frozen & kept", qty=1, row_total="20",
        row_total_incl_tax="20",
    )  # fmt: skip
    catalog.view(customer, nameless, days=1)
    form = "Html" if kind == 2 else "Text"
    shop.template(
        f"{{{{var cart.getItems{form}()}}}}[{{{{var products.getViewed{form}(4)}}}}]",
        code="Cart", type=kind,
    )  # fmt: skip

    text = _render(shop, "Cart", Asked(customer=str(customer)))

    assert shown in text
    assert text.endswith("[]")


def test_a_step_shows_a_sample_of_the_coupon_that_an_earlier_one_makes(shop: ShopBuilder) -> None:
    segment, customer = shop.segment("VIP"), shop.customer()
    shop.template("Use {{var coupon_code}}", code="Reminder")
    shop.step(segment, 1, rule_id=shop.rule(), coupon_prefix="CART")
    shop.step(segment, 1, number=2)

    text = _render(shop, "Reminder", Asked(customer=str(customer), step="VIP:enter:2"))

    assert text == f"Use CART{customer}XXXXXXXXXX"
