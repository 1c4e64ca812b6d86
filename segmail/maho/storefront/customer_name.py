"""A customer's name, as Maho writes it in mails and in their headers."""

from __future__ import annotations

from collections.abc import Mapping

# The characters that PHP's trim removes, and Symfony's mailer with it.
_BLANKS = " \t\n\r\0\x0b"


def full_name(values: Mapping[str, object], visible: Mapping[str, bool]) -> str:
    """Return `customer.getName()`.

    `values` are the customer's attributes by code; `visible` tells whether an attribute is visible
    (`customer_eav_attribute.is_visible`): prefix, middle name and suffix appear only then. Nothing
    is trimmed: without a first name the result begins with a space.
    """
    prefix = f"{values['prefix']} " if _shows("prefix", values, visible) else ""
    suffix = f" {values['suffix']}" if _shows("suffix", values, visible) else ""
    return prefix + _first_to_last(values, visible) + suffix


def subscriber_name(values: Mapping[str, object], visible: Mapping[str, bool]) -> str | None:
    """Return `subscriber.getSubscriberFullName()`: first, middle and last name only; None if the
    customer has neither a first nor a last name.
    """
    if values.get("firstname") is None and values.get("lastname") is None:
        return None
    return _first_to_last(values, visible)


def recipient_name(values: Mapping[str, object], visible: Mapping[str, bool], email: str) -> str:
    """Return the name for the To header of a mail to `email`.

    It is the subscriber's name on one line and without spaces around it; without a name the part of
    the address before the @; '' if the name is only spaces.
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
