"""Sends one real mail to a person who tests a step; the shop's tables stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segmail.authoring.preview import Previewer
from segmail.errors import InputError, MessageError, StepError
from segmail.mail.address import parse_address
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import MailSettings
from segmail.transport.mailer import Undelivered
from segmail.transport.opener import opener_for
from segmail.transport.send_one import send_one

_MARK = b"[Test] "
_SUBJECT = b"Subject: "


@dataclass(frozen=True)
class TestSent:
    """Where the mail went, and what the server said."""

    step: str
    customer_id: int
    address: str
    reply: str


def send_test(
    previewer: Previewer,
    customer_id: int,
    address: str,
    transport: MailSettings,
    *,
    bounces_to: str | None,
) -> TestSent:
    """Send the step's mail for a customer to `address`, marked [Test].

    Its coupon is a sample that no checkout accepts, its unsubscribe link does nothing. Raises
    InputError for an invalid address, StepError if the mail cannot be made or is not accepted,
    MailServerUnavailable if the server cannot be reached.
    """
    try:
        parse_address(address, "--send-to")
    except MessageError as error:
        raise InputError(str(error)) from error
    mail, _ = previewer.prepare(customer_id, send_to=address)
    envelope = _marked(mail.envelope, bounces_to)
    try:
        accepted = send_one(opener_for(transport), envelope)
    except Undelivered as error:
        raise StepError(f"The mail server did not accept the test: {error}") from error
    return TestSent(previewer.label, customer_id, address, accepted.reply)


def _marked(envelope: Envelope, bounces_to: str | None) -> Envelope:
    """Return the message with the mark before its subject, which is its first header."""
    data = envelope.data
    if not data.startswith(_SUBJECT):
        raise AssertionError("a message begins with its subject")
    marked = _SUBJECT + _MARK + data.removeprefix(_SUBJECT)
    return replace(envelope, data=marked, sender=bounces_to or envelope.sender)
