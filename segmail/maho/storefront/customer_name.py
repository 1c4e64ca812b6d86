"""A customer's name, as Maho writes it in mails and on their envelopes."""

from __future__ import annotations

from collections.abc import Mapping

# What PHP's trim takes off, and Symfony's mailer through it.
_BLANKS = " \t\n\r\0\x0b"


def full_name(values: Mapping[str, object], visible: Mapping[str, bool]) -> str:
    """Return `customer.getName()`.

    `values` are the customer's attributes by code, `visible` tells whether an attribute is
    (`customer_eav_attribute.is_visible`): prefix, middle name and suffix appear only if so.
    Nothing is trimmed: without a first name the result begins with a blank.
    """
    prefix = f"{values['prefix']} " if _shows("prefix", values, visible) else ""
    suffix = f" {values['suffix']}" if _shows("suffix", values, visible) else ""
    return prefix + _first_to_last(values, visible) + suffix


def subscriber_name(values: Mapping[str, object], visible: Mapping[str, bool]) -> str | None:
    """Return `subscriber.getSubscriberFullName()`: first, middle and last name only; None where
    the customer has neither a first nor a last name."""
    if values.get("firstname") is None and values.get("lastname") is None:
        return None
    return _first_to_last(values, visible)


def recipient_name(values: Mapping[str, object], visible: Mapping[str, bool], email: str) -> str:
    """Return the name for the To header of a mail to `email`.

    It is the subscriber's name on one line and without blanks around it; the part of the address
    before the @ where there is none; '' where the name is all blank.
    """
    name = subscriber_name(values, visible)
    if name is None:
        name = email[: max(email.find("@"), 0)]
    return name.replace("\r", "").replace("\n", "").strip(_BLANKS)


def _first_to_last(values: Mapping[str, object], visible: Mapping[str, bool]) -> str:
    middle = f" {values['middlename']}" if _shows("middlename", values, visible) else ""
    return f"{_text(values.get('firstname'))}{middle} {_text(values.get('lastname'))}"


def _shows(code: str, values: Mapping[str, object], visible: Mapping[str, bool]) -> bool:
    return visible.get(code, False) and _text(values.get(code)) not in ("", "0")


def _text(value: object) -> str:
    return "" if value is None else str(value)
