"""Mail URLs: what they mean, every fault at once, never a secret."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import ConfigError
from segmail.transport.mail_url import (
    FileSettings,
    MailSettings,
    SendmailSettings,
    SmtpSettings,
    parse_mail_url,
)
from tests.each_case import for_each


@for_each(
    ("url", "settings"),
    [
        ("smtp://mail.example.com", SmtpSettings("mail.example.com")),
        ("SMTP://Mail.Example.com:2525/", SmtpSettings("mail.example.com", 2525)),
        (" smtp://mail.example.com\n", SmtpSettings("mail.example.com")),
        (
            "smtp://shop:s%3Acr%40t%2F+%23@mail.example.com:587",
            SmtpSettings("mail.example.com", 587, "shop", "s:cr@t/+#"),
        ),
        ("smtp://shop%40x.de:p@h", SmtpSettings("h", 25, "shop@x.de", "p")),
        ("smtp://apikey@h", SmtpSettings("h", 25, "apikey", "")),
        ("smtp://[::1]:2525", SmtpSettings("::1", 2525)),
        ("smtp://h?starttls=always", SmtpSettings("h", encryption="always")),
        ("smtp://h?starttls=never", SmtpSettings("h", encryption="never")),
        ("smtp://h?starttls=auto", SmtpSettings("h", encryption="auto")),
        ("smtp://h:465", SmtpSettings("h", 465, encryption="tls")),
        ("smtp://h:465?starttls=always", SmtpSettings("h", 465, encryption="always")),
        ("smtps://h", SmtpSettings("h", 465, encryption="tls")),
        ("smtps://h:4650", SmtpSettings("h", 4650, encryption="tls")),
        (
            "smtp://h?verify=off&timeout=7.5&ehlo=shop.example.com",
            SmtpSettings("h", verify=False, timeout=7.5, ehlo="shop.example.com"),
        ),
        ("smtp://h?cafile=/etc/my%20ca.pem", SmtpSettings("h", cafile=Path("/etc/my ca.pem"))),
        ("smtp://h?sender=bounce+7@x.de", SmtpSettings("h", sender="bounce+7@x.de")),
        ("sendmail:///opt/bin/msmtp?timeout=5", SendmailSettings(Path("/opt/bin/msmtp"), 5)),
        ("sendmail:", SendmailSettings(Path("/usr/sbin/sendmail"))),
        ("sendmail://default", SendmailSettings(Path("/usr/sbin/sendmail"))),
        ("file:///var/my%20mails", FileSettings(Path("/var/my mails"))),
        ("file:///var/mails?sender=b@x.de", FileSettings(Path("/var/mails"), "b@x.de")),
    ],
)
def test_a_url_spells_out_the_settings(url: str, settings: MailSettings) -> None:
    assert parse_mail_url(url) == settings


@for_each(
    ("url", "fault"),
    [
        ("", "must begin with smtp://"),
        ("mail.example.com:25", "must begin with smtp://"),
        ("http://mail.example.com", "must begin with smtp://"),
        ("smtp://", "names no host"),
        ("smtp://:25", "names no host"),
        ("smtp://h:0", "the port is not a number"),
        ("smtp://h:99999", "the port is not a number"),
        ("smtp://h:x", "the port is not a number"),
        ("smtp://[::1", "an IPv6 address goes in brackets"),
        ("smtp://h/inbox", "has a path"),
        ("smtp://u:p%ff@h", "the password is not percent-encoded UTF-8"),
        ("smtp://h?starttls=yes", "starttls must be auto or always or never"),
        ("smtp://h?verify=no", "verify must be on or off"),
        ("smtp://h?timeout=0", "timeout must be a number of seconds up to 600"),
        ("smtp://h?timeout=nan", "timeout must be a number"),
        ("smtp://h?timeout=inf", "timeout must be a number"),
        ("smtp://h?timeout=x", "timeout must be a number"),
        ("smtp://h?ehlo=a%0d%0aMAIL", "ehlo must be a host name"),
        ("smtp://h?auth=GSSAPI", "auth must be one of PLAIN, LOGIN, SCRAM-SHA-512"),
        ("smtp://h?sender=nobody", "sender is not an e-mail address"),
        ("smtp://h?timeout=1&timeout=2", "timeout is given twice"),
        ("smtp://h?tls=1", r"unknown option; smtp:// knows auth, cafile, ehlo, sender"),
        ("smtps://h?starttls=always", r"unknown option; smtps:// knows"),
        ("sendmail://usr/sbin/sendmail", "three slashes"),
        ("file://var/mails", "three slashes"),
        ("file:mails", "absolute"),
    ],
)
def test_a_fault_says_what_to_mend(url: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=f"^SEGMAIL_SMTP_URL: .*{fault}"):
        parse_mail_url(url)


def test_every_fault_is_told_at_once_under_the_source_s_name() -> None:
    with pytest.raises(ConfigError) as raised:
        parse_mail_url("smtp://:x/y?timeout=x&verify=x&sender=x", source="segmail.toml: `smtp_url`")

    assert len(raised.value.faults) == 6
    assert all(fault.what.startswith("segmail.toml: `smtp_url`: ") for fault in raised.value.faults)


@for_each(
    "url",
    [
        "smtp://shop:TopSecret@",
        "smtp://shop:TopSecret@h:x",
        "smtp://shop:Top/TopSecret@h",
        "smtp://shop:Top?TopSecret@h",
        "smtp://shop:Top?TopSecret=1@h",
        "smtp://shop:Top#TopSecret@h",
        "smtp://shop:@TopSecret@h:x",
        "smtp://shop:Top:TopSecret@h:x",
        "smtp://shop:[TopSecret@h",
        "smtp://shop:TopSecret",
        "smtp:shop:TopSecret@h",
        "TopSecret://shop@h",
        "TopSecret",
        "smtp://shop:x?TopSecret",
    ],
)
def test_a_fault_never_repeats_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_mail_url(url)

    assert "secret" not in str(raised.value).lower()


@given(st.text())
def test_any_text_is_a_mail_url_or_a_config_error(text: str) -> None:
    for url in (text, f"smtp://{text}", f"file:///x?{text}"):
        with suppress(ConfigError):
            parse_mail_url(url)


def test_settings_do_not_show_the_login() -> None:
    shown = repr(parse_mail_url("smtp://shop:TopSecret@h"))

    assert "TopSecret" not in shown
    assert "shop" not in shown


@for_each("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_known_by_its_names(host: str) -> None:
    assert SmtpSettings(host).is_loopback


@for_each("host", ["10.0.0.1", "mail.example.com", "localhost.example.com", "fe80::1"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not SmtpSettings(host).is_loopback


def test_an_ipv6_server_is_written_in_brackets() -> None:
    assert SmtpSettings("::1", 25).server == "[::1]:25"
