"""Mails that show carts and products: sent with them, and skipped without."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.delivery.rows.outcome import Status
from segmail.maho.step_policies import StepNeeds
from segmail.sequences.needs import set_step_needs
from segmail.settings import MessageSettings
from tests.catalog_builder import Catalog
from tests.jobs import Runner, shown
from tests.shop_builder import ShopBuilder

NO_CART = "the customer has no cart that its mail could show"


@pytest.fixture
def catalog(shop: ShopBuilder) -> Catalog:
    return Catalog(shop)


def test_a_mail_shows_the_cart_in_html_and_text(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    customer = shop.customer()
    catalog.filled_cart(customer, "Red <b>lamp</b>", "Chair")
    template = shop.template(
        "<p>Hello</p>{{var cart.getItemsHtml()}}<p>{{var cart.subtotal}}</p>",
        subject="{{var cart.first_item_name}} waits",
        styles="p{color:red}",
    )
    shop.due(shop.step(shop.segment(), template), customer)
    run_emails.message = MessageSettings(utm=True)

    [mail] = run_emails().mails

    plain, html = (part.get_content() for part in mail.iter_parts())
    assert mail["Subject"] == "Red <b>lamp</b> waits"
    assert "color: red" in html
    assert ">Red &lt;b&gt;lamp&lt;/b&gt;</a>" in html
    assert "1 × Red <b>lamp</b>: $20.00\r\n" in plain
    assert "1 × Chair: $20.00" in plain
    assert "utm_source=newsletter" in plain
    assert "utm_source=newsletter" in html


def test_a_step_that_shows_a_cart_is_skipped_without_one(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    with_one, without = shop.customer(), shop.customer()
    catalog.filled_cart(with_one, "Lamp")
    step = shop.step(shop.segment(), shop.template("{{var cart.getItemsHtml()}}"))
    rows = [shop.due(step, with_one), shop.due(step, without)]

    ran = run_emails()

    assert [shop.status(row) for row in rows] == ["sent", "skipped"]
    assert [it.reason for it in ran.outcomes if it.status is Status.SKIPPED] == [NO_CART]


def test_a_template_that_asks_for_the_cart_is_sent_to_those_without(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    text = "{{if cart}}{{var cart.getItemsHtml()}}{{else}}Come back{{/if}}"
    shop.due(shop.step(shop.segment(), shop.template(text)), shop.customer())

    [mail] = run_emails().mails

    assert "Come back" in shown(mail)


def test_a_step_that_needs_products_is_skipped_where_no_list_shows_any(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    customer, other = shop.customer(), shop.customer()
    product = catalog.sold("Lamp")
    shop.insert(
        catalog.sales.viewed, customer_id=customer, product_id=product, store_id=1,
        added_at=shop.now,
    )  # fmt: skip
    text = "Hello {{var products.getViewedHtml(4)}}"
    step = shop.step(shop.segment(), shop.template(text))
    rows = [shop.due(step, customer), shop.due(step, other)]
    set_step_needs(shop.shop, str(step), StepNeeds.PRODUCTS)

    ran = run_emails()

    assert [shop.status(row) for row in rows] == ["sent", "skipped"]
    assert "Lamp" in shown(ran.mails[0])


def test_styles_leave_the_room_that_the_cart_takes(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    customers = [shop.customer(), shop.customer()]
    catalog.filled_cart(customers[0], "Lamp")
    catalog.filled_cart(customers[1], *(f"Chair {number}" for number in range(20)))
    styles = f"p {{ font-family: {', '.join(['Georgia'] * 50)} }}"  # 450 bytes for each paragraph
    text = "<html><body>" + "<p>x</p>" * 110 + "{{var cart.getItemsHtml()}}</body></html>"
    step = shop.step(shop.segment(), shop.template(text, styles=styles))
    rows = [shop.due(step, customer) for customer in customers]

    short, long = (shown(mail) for mail in run_emails().mails)

    assert [shop.status(row) for row in rows] == ["sent", "sent"]
    assert short.count("<p style=") == 110
    assert long.count("<p>") == 110
    assert "Chair 19" in long
    assert "p { font-family" in long or "p{font-family" in long


def test_what_was_bought_since_it_was_viewed_is_not_shown(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    customer = shop.customer()
    for name, ordered in (("Lamp", timedelta(hours=1)), ("Chair", timedelta(days=3))):
        product = catalog.sold(name)
        shop.insert(
            catalog.sales.viewed, customer_id=customer, product_id=product, store_id=1,
            added_at=shop.now - timedelta(days=1),
        )  # fmt: skip
        catalog.ordered(catalog.order(customer, ago=ordered), product_id=product)
    step = shop.step(shop.segment(), shop.template("x{{var products.getViewedHtml()}}"))
    shop.due(step, customer)

    [mail] = run_emails().mails

    assert "Chair" in shown(mail)
    assert "Lamp" not in shown(mail)


def test_a_later_step_shows_the_coupon_of_an_earlier_one_until_it_is_used(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    rule, customer, segment = shop.rule(), shop.customer(), shop.segment()
    first = shop.step(segment, shop.template("{{var coupon_code}}"), rule_id=rule, number=1)
    text = "{{if coupon_code}}Still: {{var coupon_code}}{{else}}None{{/if}}"
    second = shop.step(segment, shop.template(text), number=2)
    third, fourth = (shop.step(segment, shop.template(text), number=n) for n in (3, 4))
    shop.due(first, customer)
    run_emails()
    shop.due(second, customer)

    [mail] = run_emails().mails
    shop.due(fourth, customer, created_at=shop.now - timedelta(minutes=49))
    shop.due(second, shop.customer())
    others = run_emails().mails
    coupon = shop.row(shop.tables.coupon)
    shop.change(shop.tables.coupon, {"coupon_id": coupon["coupon_id"]}, times_used=1)
    shop.due(third, customer)
    [last] = run_emails().mails

    assert f"Still: {coupon['code']}" in shown(mail)
    assert ["None" in shown(one) for one in others] == [True, True]  # in another run; a stranger
    assert len(shop.rows(shop.tables.coupon)) == 1
    assert "None" in shown(last)


def test_loyalty_tells_what_is_missing_to_the_next_tier(
    catalog: Catalog, shop: ShopBuilder, run_emails: Runner
) -> None:
    customer = shop.customer()
    catalog.order(customer, "150")
    catalog.order(customer, "999", state="canceled")
    text = "{{var loyalty.lifetime_sales}}: {{var loyalty.missing}} to {{var loyalty.next_tier}}"
    shop.due(shop.step(shop.segment(), shop.template(text)), customer)
    run_emails.message = MessageSettings(loyalty_tiers={"Silver": 100, "Gold": 500})  # type: ignore[dict-item]

    [mail] = run_emails().mails

    assert "$150.00: $350.00 to Gold" in shown(mail)
