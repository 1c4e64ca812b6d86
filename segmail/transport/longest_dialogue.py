"""How long the mail transports take at most, as far as they keep to their time-outs."""

from __future__ import annotations

from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.recorder import Transport

_WRITING = 10.0  # seconds; a bound for the lease, not enforced


def longest_dialogue(settings: Transport) -> float:
    """Return the seconds that sending one message may take at most.

    No message may be begun when less of its claim's lease is left.
    """
    if isinstance(settings, SmtpSettings):
        return longest_smtp_dialogue(settings)
    return settings.timeout if isinstance(settings, SendmailSettings) else _WRITING


def longest_smtp_dialogue(settings: SmtpSettings) -> float:
    """Return the seconds that one message takes at most, finding the host's address apart.

    At worst an idle connection dies late, a new one opens as slowly as it may, each of MAIL, RCPT,
    DATA and RSET is answered in the last moment, and so is the message, which has twice the time.
    """
    return settings.timeout + longest_opening(settings) + 6 * settings.timeout


def longest_opening(settings: SmtpSettings) -> float:
    """Return the seconds that opening a session takes at most, finding the host's address apart."""
    return connect_time(settings) + 2 * settings.timeout


def connect_time(settings: SmtpSettings) -> float:
    """Return the seconds in which a connection must be there."""
    return settings.timeout / 3
