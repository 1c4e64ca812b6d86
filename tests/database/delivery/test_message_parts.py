"""What a sent message consists of, as segmail.toml and the shop's configuration want it."""

from __future__ import annotations

import pytest

from segmail.errors import ConfigError
from segmail.settings import MessageSettings
from tests.jobs import Runner, shown
from tests.shop_builder import ShopBuilder
from tests.smtp_server import recording_server

LINKS = (
    '<p>Hello {{var customer_firstname}}, <a href="{{store url="checkout/cart"}}">your basket</a>, '
    '<a href="https://blog.example/">our blog</a>, <a href="https://elsewhere.example/">more</a>, '
    '<a href="{{var subscriber.getUnsubscriptionLink()}}">unsubscribe</a></p>'
)


def _due(shop: ShopBuilder, text: str = LINKS, *, segment: str = "VIP") -> None:
    shop.due(shop.step(shop.segment(segment), shop.template(text)), shop.customer())


def test_a_plain_text_part_stands_before_the_html(shop: ShopBuilder, run_emails: Runner) -> None:
    _due(shop)

    [mail] = run_emails().mails

    plain, html = mail.iter_parts()
    assert mail.get_content_type() == "multipart/alternative"
    assert plain.get_content().startswith("Hello Ada, your basket (https://")
    assert html.get_content().startswith("<p>Hello Ada, <a href=")


def test_the_plain_text_part_can_be_switched_off(shop: ShopBuilder, run_emails: Runner) -> None:
    _due(shop)
    run_emails.message = MessageSettings(text_part=False)

    [mail] = run_emails().mails

    assert mail.get_content_type() == "text/html"


def test_a_mail_without_words_has_no_plain_text_part(shop: ShopBuilder, run_emails: Runner) -> None:
    _due(shop, '<img src="https://shop.example.test/all.png">')

    [mail] = run_emails().mails

    assert mail.get_content_type() == "text/html"


def test_links_are_not_tagged_unless_asked(shop: ShopBuilder, run_emails: Runner) -> None:
    _due(shop)

    assert "utm_" not in run_emails().mails[0].as_string()


def test_tagged_links_are_those_to_the_shop(shop: ShopBuilder, run_emails: Runner) -> None:
    _due(shop)
    run_emails.message = MessageSettings(utm=True, utm_source="mail", utm_hosts=("blog.example",))

    [mail] = run_emails().mails

    tags = "utm_source=mail&amp;utm_medium=email&amp;utm_campaign=vip&amp;utm_content=enter-1"
    assert f'checkout/cart/?{tags}">your basket' in shown(mail)
    assert f'"https://blog.example/?{tags}"' in shown(mail)
    assert shown(mail).count("utm_source") == 2
    assert shop.row(shop.tables.queue)["newsletter_text"] == shown(mail).rstrip()


def test_the_links_of_a_text_mail_are_tagged_too(shop: ShopBuilder, run_emails: Runner) -> None:
    template = shop.template('Your basket: {{store url="checkout/cart"}}.', type=1)
    shop.due(shop.step(shop.segment("VIP"), template), shop.customer())
    run_emails.message = MessageSettings(utm=True)

    [mail] = run_emails().mails

    assert mail.get_content_type() == "text/plain"
    assert "checkout/cart/?utm_source=newsletter&utm_medium=email&" in shown(mail)


@pytest.mark.parametrize(
    ("setting", "address", "bounces_to"),
    [
        (None, None, "shop@example.test"),
        ("0", "bounces@example.net", "shop@example.test"),
        ("1", "bounces@example.net", "bounces@example.net"),
        ("2", "bounces@example.net", "bounces@example.net"),
        ("1", "", "shop@example.test"),
    ],
)
def test_bounces_go_where_maho_is_configured_to_send_them(
    shop: ShopBuilder, run_emails: Runner, setting: str | None, address: str, bounces_to: str
) -> None:
    _due(shop)
    shop.config("system/smtp/set_return_path", setting)
    shop.config("system/smtp/return_path_email", address)

    with recording_server() as server:
        run_emails(smtp_url=server.url())

    assert [message.mail_from for message in server.messages] == [bounces_to]


def test_a_return_path_that_is_no_address_stops_the_run_before_it_begins(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    _due(shop)
    shop.config("system/smtp/set_return_path", "1")
    shop.config("system/smtp/return_path_email", "nobody\r\nRCPT TO:<evil@example.net>")

    with pytest.raises(ConfigError, match="system/smtp/return_path_email has a char"):
        run_emails()


@pytest.mark.parametrize("breaks", ["a\r\nBcc: evil@example.net", "a\nX-Evil: 1", "a\0b"])
def test_no_name_of_the_shop_breaks_out_of_a_header(
    shop: ShopBuilder, run_emails: Runner, breaks: str
) -> None:
    _due(shop, segment=breaks)
    shop.change(shop.tables.store, {"store_id": 1}, code=breaks)
    run_emails.message = MessageSettings(utm=True)

    [mail] = run_emails().mails

    assert not {"Bcc", "X-Evil"} & set(mail.keys())
    assert [part.defects for part in mail.walk()] == [[], [], []]
