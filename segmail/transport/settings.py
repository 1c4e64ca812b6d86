"""Which mail transport a run sends over."""

from __future__ import annotations

from segmail.errors import ConfigError, Fault
from segmail.maho.config.mail_settings import maho_mail_url
from segmail.maho.config.store_config import StoreConfig
from segmail.settings import Settings
from segmail.transport.mail_url import MailSettings, parse_mail_url


def mail_settings(settings: Settings, config: StoreConfig, crypt_key: str | None) -> MailSettings:
    """Return where mails go: the URL that was given, else Maho's own transport.

    Connects to nothing. Raises ConfigError if there is no transport, if its settings are wrong, or
    if one message may take longer than a claim is held.
    """
    if settings.smtp_url:
        found = parse_mail_url(settings.smtp_url)
    elif url := maho_mail_url(config, crypt_key):
        found = parse_mail_url(url, source="Maho's system/smtp/*")
    else:
        raise ConfigError(
            Fault(
                "Maho's mail transport is switched off (system/smtp/enabled is 0), so nothing can "
                "be sent.",
                "Choose one there, or set SEGMAIL_SMTP_URL or `smtp_url` in segmail.toml.",
            )
        )
    lease = settings.delivery.lease_minutes
    if found.longest_dialogue >= lease * 60:
        raise ConfigError(
            Fault(
                f"One message may take {found.longest_dialogue:.0f} s by the mail transport's "
                f"`timeout`, but a claim is held for {lease} minutes only: no message could be "
                "begun.",
                "Shorten the time-out, or raise `delivery.lease_minutes` in segmail.toml.",
            )
        )
    return found
