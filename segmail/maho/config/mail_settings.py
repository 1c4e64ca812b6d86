"""Maho's mail transport (`system/smtp/*`) as one URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from segmail.errors import ConfigError, Fault
from segmail.maho.config.store_config import StoreConfig

_INSTEAD = "set SEGMAIL_SMTP_URL"
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")

_ACCOUNT = "Maho's user name"
_KEY = "Maho's password"


@dataclass(frozen=True)
class _Provider:
    """A provider's public SMTP server, and the user name that goes with Maho's password."""

    host: str
    port: int
    user: str = _ACCOUNT
    regional_host: str | None = None  # `*` is `system/smtp/region`
    home_region: str = ""


_PROVIDERS = {
    "brevo+smtp": _Provider("smtp-relay.brevo.com", 465),
    "gmail+smtp": _Provider("smtp.gmail.com", 465),
    "infobip+smtp": _Provider("smtp-api.infobip.com", 587, "App"),
    "mailersend+smtp": _Provider("smtp.mailersend.net", 587),
    "mailgun+smtp": _Provider(
        "smtp.mailgun.org", 587, _ACCOUNT, "smtp.*.mailgun.org", home_region="us"
    ),
    "mailjet+smtp": _Provider("in-v3.mailjet.com", 587),
    "mailomat+smtp": _Provider("smtp.mailomat.cloud", 587),
    "mailpace+smtp": _Provider("smtp.mailpace.com", 587, _KEY),
    "mailtrap+smtp": _Provider("live.smtp.mailtrap.io", 587, "api"),
    "mandrill+smtp": _Provider("smtp.mandrillapp.com", 587),
    "postmark+smtp": _Provider("smtp.postmarkapp.com", 587, _KEY),
    "resend+smtp": _Provider("smtp.resend.com", 465, "resend"),
    "scaleway+smtp": _Provider("smtp.tem.scw.cloud", 465),
    "sendgrid+smtp": _Provider(
        "smtp.sendgrid.net", 465, "apikey", "smtp.*.sendgrid.net", home_region="global"
    ),
    "ses+smtp": _Provider(
        "email-smtp.eu-west-1.amazonaws.com", 465, _ACCOUNT, "email-smtp.*.amazonaws.com"
    ),
}
_OWN_SERVER = ("smtp", "sweego+smtp")


def maho_mail_url(config: StoreConfig, crypt_key: str | None, *, store_id: int = 0) -> str | None:
    """Return where Maho's newsletters go, as a URL; None if sending is switched off.

    `smtp://user:password@host:port?starttls=auto` for a mail server, `smtps://…` if the port is
    465, `starttls=always` for the named providers, `sendmail:///usr/sbin/sendmail`. As in Maho's
    cron, the settings of store 0 count, whichever store a mail is from.

    Raises ConfigError listing every fault: a transport that is not SMTP, credentials that cannot be
    decrypted, no host. Maho would send without credentials, or not at all, and report it as sent.
    """
    smtp = _Smtp(config, crypt_key, store_id)
    transport = smtp.text("enabled")
    if transport in ("", "0"):
        return None
    if transport == "sendmail":
        return "sendmail:///usr/sbin/sendmail"
    if transport in _OWN_SERVER:
        return smtp.checked(_own_server(smtp))
    if transport in _PROVIDERS:
        return smtp.checked(_provider(transport, smtp))
    raise ConfigError(
        Fault(
            f"system/smtp/enabled: '{transport}' is not SMTP.",
            f"Choose an SMTP transport in Maho, or {_INSTEAD}.",
        )
    )


def differing_scopes(config: StoreConfig) -> list[str]:
    """Return the websites and stores with a mail transport of their own, which nobody uses.

    Maho's cron sends every automation mail by the default scope's.
    """
    found = {
        (scope, scope_id)
        for (scope, scope_id, path), value in config.rows.items()
        if path.startswith("system/smtp/") and scope_id and value != config.value(path)
    }
    return [f"{scope.removesuffix('s')} {scope_id}" for scope, scope_id in sorted(found)]


def maho_return_path(config: StoreConfig, *, store_id: int = 0) -> str | None:
    """Return where the shop wants its bounces; None: to each mail's sender.

    Maho has the setting but never applies it: it compares the text `1` with the number 1.
    """
    if config.value("system/smtp/set_return_path", store_id) not in ("1", "2"):
        return None
    return (config.value("system/smtp/return_path_email", store_id) or "").strip() or None


@dataclass
class _Smtp:
    """A store's settings `system/smtp/*`, and what is wrong with them."""

    config: StoreConfig
    crypt_key: str | None
    store_id: int
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        return (self.config.value(f"system/smtp/{name}", self.store_id) or "").strip()

    def secret(self, name: str) -> str:
        try:
            return self.config.secret(f"system/smtp/{name}", self.crypt_key, self.store_id)
        except ConfigError as error:
            self.faults.extend(_or_instead(fault) for fault in error.faults)
            return ""

    def port(self) -> int:
        told = self.text("port") or "25"
        if not re.fullmatch(r"[0-9]{1,5}", told) or not 0 < int(told) < 65536:
            self.fault("port", f"'{told}' is not a port number.")
            return 25
        return int(told)

    def fault(self, name: str, reason: str, advice: str = "") -> None:
        self.faults.append(Fault(f"system/smtp/{name}: {reason}", advice))

    def checked(self, url: str) -> str:
        if self.faults:
            raise ConfigError(self.faults)
        return url


def _or_instead(fault: Fault) -> Fault:
    return Fault(fault.what, f"{fault.advice} Or {_INSTEAD}.".strip())


def _own_server(smtp: _Smtp) -> str:
    host, port = smtp.text("host"), smtp.port()
    if not _HOST.fullmatch(host):
        smtp.fault("host", f"'{host}' is not a host name.", f"Enter it, or {_INSTEAD}.")
    return _url(host, port, smtp.secret("username"), smtp.secret("password"), starttls="auto")


def _provider(transport: str, smtp: _Smtp) -> str:
    provider = _PROVIDERS[transport]
    password = smtp.secret("password")
    if not password and not smtp.faults:
        smtp.fault("password", f"is empty, but {transport} needs it.", f"Enter it, or {_INSTEAD}.")
    user = {_ACCOUNT: smtp.secret("username"), _KEY: password}.get(provider.user, provider.user)
    return _url(_regional_host(provider, smtp), provider.port, user, password, starttls="always")


def _regional_host(provider: _Provider, smtp: _Smtp) -> str:
    region = smtp.text("region")
    if not provider.regional_host or region in ("", provider.home_region):
        return provider.host
    if not re.fullmatch(r"[A-Za-z0-9-]+", region):
        smtp.fault("region", f"'{region}' is not the name of a region.")
    return provider.regional_host.replace("*", region)


def _url(host: str, port: int, user: str, password: str, *, starttls: str) -> str:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    where = f"[{host}]" if ":" in host and not host.startswith("[") else host
    if port == 465:
        return f"smtps://{login}{where}:{port}"
    return f"smtp://{login}{where}:{port}?starttls={starttls}"
