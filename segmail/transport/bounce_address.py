"""The address to which undeliverable mails return."""

from __future__ import annotations

from segmail.errors import ConfigError, Fault, MessageError
from segmail.maho.config.mail_settings import maho_return_path
from segmail.maho.config.store_config import StoreConfig
from segmail.mail.address import parse_address
from segmail.transport.recorder import Transport


def bounce_address(settings: Transport, config: StoreConfig) -> str | None:
    """Return where bounces go: `sender=` of the mail URL, else Maho's Return-Path.

    None: to each mail's sender. Raises ConfigError if Maho's is not an address.
    """
    if settings.sender:
        return settings.sender
    found = maho_return_path(config)
    if found is None:
        return None
    try:
        return str(parse_address(found, "system/smtp/return_path_email"))
    except MessageError as error:
        raise ConfigError(Fault(str(error), "Correct or empty it in Maho.")) from error
