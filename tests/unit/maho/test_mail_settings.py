"""Maho's transports as mail URLs; the recorded ones are compared with Maho's own addresses."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from nacl.secret import SecretBox

from segmail.errors import ConfigError
from segmail.maho.config.mail_settings import differing_scopes, maho_mail_url
from segmail.maho.config.store_config import ConfigRow, ConfigStore, StoreConfig
from tests.each_case import for_each

RECORDED = json.loads(Path(__file__).parents[2].joinpath("golden/config_scopes.json").read_text())
STORES = [ConfigStore(*store) for store in RECORDED["stores"]]
KEY = RECORDED["crypt_key"]

UNREADABLE = (
    "Maho reads such credentials as empty and logs in as nobody, so that every mail is lost; "
    "segmail says which setting to save again."
)
DIFFERENT = {
    "stored as plain text": UNREADABLE,
    "encrypted with another key; damaged": UNREADABLE,
    "Base64 without padding, with spaces, line break": UNREADABLE,
}
CASES = [
    pytest.param(case, int(store_id), dsn, id=f"{case['case']}-{store_id}")
    for case in RECORDED["cases"]
    for store_id, dsn in case.get("dsn", {}).items()
]


@for_each(("case", "store_id", "dsn"), CASES)
def test_mail_goes_where_maho_sends_it(case: dict[str, Any], store_id: int, dsn: str) -> None:
    rows = [ConfigRow(*row) for row in case["rows"]]
    config = StoreConfig.from_rows(rows, STORES)

    if case["case"] in DIFFERENT:
        with pytest.raises(ConfigError, match="system/smtp/password"):
            maho_mail_url(config, KEY, store_id=store_id)
    else:
        assert maho_mail_url(config, KEY, store_id=store_id) == as_mail_url(dsn)


def as_mail_url(dsn: str) -> str:
    """Maho's address in segmail's words: without empty credentials, blanks as %20."""
    if dsn == "native://default":
        return "sendmail:///usr/sbin/sendmail"
    login, _, server = dsn.removeprefix("smtp://").rpartition("@")
    user, _, password = (quote(unquote_plus(part), safe=":") for part in login.partition(":"))
    return f"smtp://{f'{user}:{password}@' if user else ''}{server}?starttls=auto"


def test_no_recorded_difference_is_out_of_date() -> None:
    assert set(DIFFERENT) <= {case["case"] for case in RECORDED["cases"] if "dsn" in case}


def config_of(**settings: str) -> StoreConfig:
    """The settings of `system/smtp`, with user name and password encrypted."""
    for name in {"username", "password"} & set(settings):
        box = SecretBox(bytes.fromhex(KEY)).encrypt(settings[name].encode())
        settings[name] = base64.b64encode(box).decode()
    return StoreConfig.from_rows(
        ConfigRow("default", 0, f"system/smtp/{name}", value) for name, value in settings.items()
    )


@pytest.mark.parametrize("code", ["0", ""])
def test_a_disabled_transport_has_no_url(code: str) -> None:
    assert maho_mail_url(config_of(enabled=code), KEY) is None


@for_each(
    ("settings", "url"),
    [
        ({"host": "mail.test"}, "smtp://mail.test:25?starttls=auto"),
        ({"host": "mail.test", "port": "587"}, "smtp://mail.test:587?starttls=auto"),
        ({"host": "mail.test", "port": "465"}, "smtps://mail.test:465"),
        ({"host": "::1"}, "smtp://[::1]:25?starttls=auto"),
        ({"host": "[::1]"}, "smtp://[::1]:25?starttls=auto"),
        (
            {"host": "mail.test", "username": "a@b", "password": "p:/?#%é"},
            "smtp://a%40b:p%3A%2F%3F%23%25%C3%A9@mail.test:25?starttls=auto",
        ),
        ({"host": "mail.test", "password": "alone"}, "smtp://mail.test:25?starttls=auto"),
    ],
)
def test_an_own_mail_server_is_one_url(settings: dict[str, str], url: str) -> None:
    assert maho_mail_url(config_of(enabled="smtp", **settings), KEY) == url


@for_each(
    ("code", "region", "url"),
    [
        ("brevo+smtp", "", "smtps://u:p@smtp-relay.brevo.com:465"),
        ("gmail+smtp", "", "smtps://u:p@smtp.gmail.com:465"),
        ("infobip+smtp", "", "smtp://App:p@smtp-api.infobip.com:587?starttls=always"),
        ("mailersend+smtp", "", "smtp://u:p@smtp.mailersend.net:587?starttls=always"),
        ("mailgun+smtp", "", "smtp://u:p@smtp.mailgun.org:587?starttls=always"),
        ("mailgun+smtp", "us", "smtp://u:p@smtp.mailgun.org:587?starttls=always"),
        ("mailgun+smtp", "eu", "smtp://u:p@smtp.eu.mailgun.org:587?starttls=always"),
        ("mailjet+smtp", "", "smtp://u:p@in-v3.mailjet.com:587?starttls=always"),
        ("mailomat+smtp", "", "smtp://u:p@smtp.mailomat.cloud:587?starttls=always"),
        ("mailpace+smtp", "", "smtp://p:p@smtp.mailpace.com:587?starttls=always"),
        ("mailtrap+smtp", "", "smtp://api:p@live.smtp.mailtrap.io:587?starttls=always"),
        ("mandrill+smtp", "", "smtp://u:p@smtp.mandrillapp.com:587?starttls=always"),
        ("postmark+smtp", "", "smtp://p:p@smtp.postmarkapp.com:587?starttls=always"),
        ("resend+smtp", "", "smtps://resend:p@smtp.resend.com:465"),
        ("scaleway+smtp", "", "smtps://u:p@smtp.tem.scw.cloud:465"),
        ("sendgrid+smtp", "", "smtps://apikey:p@smtp.sendgrid.net:465"),
        ("sendgrid+smtp", "eu", "smtps://apikey:p@smtp.eu.sendgrid.net:465"),
        ("ses+smtp", "", "smtps://u:p@email-smtp.eu-west-1.amazonaws.com:465"),
        ("ses+smtp", "us-east-2", "smtps://u:p@email-smtp.us-east-2.amazonaws.com:465"),
        ("sweego+smtp", "", "smtp://u:p@ignored.test:25?starttls=auto"),
    ],
)
def test_a_named_provider_has_its_own_server(code: str, region: str, url: str) -> None:
    config = config_of(enabled=code, username="u", password="p", region=region, host="ignored.test")

    assert maho_mail_url(config, KEY) == url


@for_each("code", ["ses+https", "sendgrid+api", "postal+api", "nonsense"])
def test_a_transport_that_is_not_smtp_is_a_fault_with_a_way_out(code: str) -> None:
    with pytest.raises(ConfigError, match=r"not SMTP.*SEGMAIL_SMTP_URL"):
        maho_mail_url(config_of(enabled=code), KEY)


def test_every_fault_of_a_server_is_reported_at_once() -> None:
    config = config_of(enabled="smtp", host="smtp://mail", port="99999", password="secret")

    with pytest.raises(ConfigError) as caught:
        maho_mail_url(config, "ff" * 32)

    settings = [path_of(str(fault)) for fault in caught.value.faults]
    assert settings == ["system/smtp/port", "system/smtp/host", "system/smtp/password"]


def path_of(fault: str) -> str:
    return fault.partition(" ")[0].rstrip(":")


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"username": "u"}, "system/smtp/password: is empty"),
        ({"password": "p", "region": "eu.evil.test/"}, "system/smtp/region"),
    ],
)
def test_a_provider_needs_a_password_and_a_region_that_is_one(
    settings: dict[str, str], path: str
) -> None:
    with pytest.raises(ConfigError, match=path):
        maho_mail_url(config_of(enabled="ses+smtp", **settings), KEY)


def test_the_default_scopes_transport_is_used_and_others_are_named() -> None:
    rows = [
        ("default", 0, "enabled", "smtp"), ("default", 0, "host", "mail.example.com"),
        ("websites", 1, "host", "mail.example.com"), ("websites", 2, "host", "mail.example.net"),
        ("websites", 2, "port", "587"), ("stores", 3, "enabled", "0"),
    ]  # fmt: skip
    config = StoreConfig.from_rows(
        (ConfigRow(scope, id, f"system/smtp/{name}", value) for scope, id, name, value in rows),
        [ConfigStore(3, "de", 2)],
    )

    assert maho_mail_url(config, KEY) == "smtp://mail.example.com:25?starttls=auto"
    assert differing_scopes(config) == ["store 3", "website 2"]
