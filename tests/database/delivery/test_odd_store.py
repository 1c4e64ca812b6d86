"""What one store lacks: its rows wait until a person mends it, and those of others go on."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from segmail.errors import ConfigError
from segmail.maho.schema.tables import Layout
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

HOUR = timedelta(hours=1)
SETTINGS = [
    "general/locale/code",
    "general/locale/timezone",
    "general/store_information/name",
    "web/unsecure/base_url",
    "web/secure/base_url",
    "web/secure/use_in_frontend",
    "web/unsecure/base_media_url",
    "web/url/use_store",
    "trans_email/ident_general/name",
    "trans_email/ident_general/email",
    "system/smtp/set_return_path",
    "system/smtp/return_path_email",
    "currency/options/base",
    "currency/options/default",
    "currency/options/allow",
    "currency/options/customsymbol",
    "catalog/price/scope",
    "design/package/name",
    "design/email/logo_width",
    "design/email/css_non_inline",
    "tax/display/type",
]


def without_base_urls(shop: ShopBuilder) -> None:
    c = shop.tables.config.c
    gone = shop.tables.config.delete().where(c.path.like("web/%base_url"))
    shop.database.transact(lambda connection: connection.execute(gone))


@pytest.mark.parametrize("layout", list(Layout))
def test_rows_of_a_store_without_base_url_wait_an_hour_and_others_go_on(
    shop: ShopBuilder, run_emails: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    without_base_urls(shop)
    shop.config("web/unsecure/base_url", "https://it.example.test/", scope="stores", id=2)
    step = shop.step(shop.segment())
    waits = shop.due(step, shop.customer())
    goes = shop.due(step, shop.customer(store_id=2))

    with caplog.at_level(logging.INFO, "segmail"):
        ran = run_emails()

    assert (shop.status(waits), shop.status(goes)) == ("scheduled", "sent")
    assert len(ran.messages) == 1
    row = shop.row(shop.tables.progress, progress_id=waits)
    assert HOUR <= row["scheduled_at"] - shop.now < HOUR + timedelta(minutes=1)
    assert row["queue_id"] is None
    assert "no base URL (web/unsecure/base_url); looked at again in an hour" in caplog.text


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_rows_of_a_store_in_an_unknown_time_zone_wait_an_hour_and_others_go_on(
    shop: ShopBuilder, run_emails: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    shop.config("general/locale/timezone", "Atlantis/Capital", scope="stores", id=2)
    step = shop.step(shop.segment())
    goes = shop.due(step, shop.customer())
    waits = shop.due(step, shop.customer(store_id=2))

    with caplog.at_level(logging.INFO, "segmail"):
        run_emails()

    assert (shop.status(waits), shop.status(goes)) == ("scheduled", "sent")
    row = shop.row(shop.tables.progress, progress_id=waits)
    assert HOUR <= row["scheduled_at"] - shop.now < HOUR + timedelta(minutes=1)
    told = "general/locale/timezone: 'Atlantis/Capital' of store 2 is no time zone known here"
    assert f"{told}; looked at again in an hour" in caplog.text


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_nothing_is_claimed_where_no_store_has_a_known_time_zone(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    shop.config("general/locale/timezone", "Atlantis/Capital")
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with pytest.raises(ConfigError, match="Atlantis/Capital"):
        run_emails()

    assert shop.status(progress) == "scheduled"


@pytest.mark.parametrize("layout", [Layout.SPEC])
@pytest.mark.parametrize("url", ["", "{{base_url}}", "http://localhost/", "http://127.0.0.1:8080/"])
def test_an_address_that_no_customer_reaches_is_none_until_it_is_mended(
    shop: ShopBuilder, run_emails: Runner, url: str
) -> None:
    shop.config("web/unsecure/base_url", url)
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    assert run_emails().mails == []
    shop.config("web/unsecure/base_url", "https://shop.example.test/")
    shop.change(shop.tables.progress, {"progress_id": progress}, scheduled_at=shop.now)

    assert len(run_emails().mails) == 1


@pytest.mark.parametrize("layout", [Layout.SPEC])
@pytest.mark.parametrize(("used", "sent"), [("0", 1), ("1", 0)])
def test_the_secure_address_counts_where_the_shop_uses_it(
    shop: ShopBuilder, run_emails: Runner, used: str, sent: int
) -> None:
    shop.config("web/secure/base_url", None)
    shop.config("web/secure/use_in_frontend", used)
    shop.due(shop.step(shop.segment()), shop.customer())

    assert len(run_emails().mails) == sent


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_odd_settings_of_one_store_stop_no_mail_of_the_others(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    odd = [None, "", "x", "9" * 20, "\0", "a:1:{s:", "{{", "ü" * 300, "\r\nBcc: x", "http://[::1"]
    for value in odd:
        for path in SETTINGS:
            shop.config(path, value, scope="stores", id=2)
        goes = shop.due(step, shop.customer())
        shop.due(step, shop.customer(store_id=2))

        run_emails()

        assert (value, shop.status(goes)) == (value, "sent")
