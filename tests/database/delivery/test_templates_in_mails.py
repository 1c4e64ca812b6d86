"""Templates as the mails show them: styles, escaping, what belongs to each customer alone."""

from __future__ import annotations

from dataclasses import replace

from segmail.delivery.rows.outcome import Status
from segmail.settings import TemplateSettings
from tests.jobs import Runner, shown
from tests.shop_builder import ShopBuilder

LINK = '<a href="{{var subscriber.getUnsubscriptionLink()}}">leave</a>'


def test_styled_mails_hold_each_customers_own_values(shop: ShopBuilder, run_emails: Runner) -> None:
    template = shop.template(
        f"<p>Dear {{{{var customer_firstname}}}}</p>{LINK}",
        styles="p{color:red} @media print{p{color:black}}",
    )
    step = shop.step(shop.segment(), template)
    for name in ("Ada", "Bo & Co", "<i>Cy</i>"):
        shop.due(step, shop.customer(firstname=name))

    texts = sorted(shown(mail) for mail in run_emails().mails)

    for name, text in zip(("<i>Cy</i>", "Ada", "Bo & Co"), texts, strict=True):
        assert f'<p style="color: red;">Dear {name}</p>' in text
        assert "@media print { p { color:black !important; } }" in text
    assert len({text.partition("code=")[2] for text in texts}) == 3


def test_each_mail_speaks_of_its_own_step_and_store(shop: ShopBuilder, run_emails: Runner) -> None:
    shop.config("general/store_information/name", "Negozio", scope="stores", id=2)
    template = shop.template("{{var store.frontend_name}} {{var segment_name}} {{var step_number}}")
    for number, name in enumerate(("Readers", "Buyers"), start=1):
        step = shop.step(shop.segment(name), template, number=number)
        for store_id in (1, 2, 1):
            shop.due(step, shop.customer(store_id=store_id))

    mails = run_emails().mails

    said = sorted((shown(mail).strip(), mail["List-Id"].partition(".example")[0]) for mail in mails)
    assert said == [
        ("Negozio Buyers 2", "Test Shop <newsletter.it"),
        ("Negozio Readers 1", "Test Shop <newsletter.it"),
        *[("Test Shop Buyers 2", "Test Shop <newsletter.default")] * 2,
        *[("Test Shop Readers 1", "Test Shop <newsletter.default")] * 2,
    ]


def test_an_attribute_that_only_another_stores_block_names_is_shown_there(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    columns = {"block_id": 1, "title": "tax", "identifier": "tax", "is_active": 1}
    shop.insert(shop.tables.cms_block, **columns, content="[{{var customer.taxvat}}]")
    shop.insert_all(shop.tables.cms_block_store, [{"block_id": 1, "store_id": 2}])
    step = shop.step(shop.segment(), shop.template(f"Ciao {{{{block id='tax'}}}}{LINK}"))
    shop.due(step, shop.customer(store_id=2, values={"taxvat": "IT1"}))

    [mail] = run_emails().mails

    assert "Ciao [IT1]" in shown(mail)


def test_values_are_escaped_once_where_segmail_toml_says_so(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    text = "{{var customer_firstname}} {{var coupon_discount_text}}" + LINK
    template = shop.template(text, subject="{{var customer_firstname}}")
    rule = shop.rule(simple_action="by_fixed", discount_amount="10")
    shop.due(shop.step(shop.segment(), template, rule_id=rule), shop.customer(firstname="<i>A&B"))

    escaping = replace(run_emails, templates=TemplateSettings(autoescape=True))
    [mail] = escaping().mails

    assert mail["Subject"] == "<i>A&B"
    html = shown(mail)
    assert '&lt;i&gt;A&amp;B <span class="price">$10.00</span> off' in html
    assert "&amp;id=" in html
    assert "&amp;amp;" not in html


def test_a_broken_include_fails_its_step_alone(shop: ShopBuilder, run_emails: Runner) -> None:
    broken = shop.template("<p>{{include template='gone'}}</p>", code="Spring")
    segment, customer = shop.segment(), shop.customer()
    shop.due(shop.step(segment, broken), customer)
    shop.due(shop.step(segment, number=2), customer)

    ran = run_emails()

    assert (ran.count(Status.SENT), ran.count(Status.FAILED)) == (1, 1)
    [reason] = [one.reason for one in ran.outcomes if one.status is Status.FAILED]
    assert "Template 'Spring': {{include template='gone'}} (line 1): there is no" in str(reason)
