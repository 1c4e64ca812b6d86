"""The longest time that the mail transports take, as far as their time-outs allow."""

from __future__ import annotations

from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.recorder import Transport

_WRITING = 10.0  # seconds; a bound for the lease, not enforced


def longest_dialogue(settings: Transport) -> float:
    """Return the seconds that sending one message may take at most.

    No message may be begun if less of its claim's lease is left.
    """
    if isinstance(settings, SmtpSettings):
        return longest_smtp_dialogue(settings)
    return settings.timeout if isinstance(settings, SendmailSettings) else _WRITING


def longest_smtp_dialogue(settings: SmtpSettings) -> float:
    """Return the seconds that one message takes at most, without the lookup of the host's address.

    At worst an idle connection breaks late, a new one opens as slowly as allowed, each of MAIL,
    RCPT, DATA and RSET is answered at the last moment, and so is the message, which has twice the
    time.
    """
    return settings.timeout + longest_opening(settings) + 6 * settings.timeout


def longest_opening(settings: SmtpSettings) -> float:
    """Return the seconds that opening a session takes at most, without the address lookup."""
    return connect_time(settings) + 2 * settings.timeout


def connect_time(settings: SmtpSettings) -> float:
    """Return the seconds within which a connection must be established."""
    return settings.timeout / 3
