"""The longest time that the mail transports take, as far as their time-outs allow."""

from __future__ import annotations

from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.recorder import Transport

_WRITING = 10.0  # seconds; a bound for the lease, not enforced


def longest_dialogue(settings: Transport) -> float:
    """Return the seconds that sending one message may take at most.

    No message may be begun if less of its claim's lease is left. Over SMTP, the content before it,
    MAIL, RCPT, DATA and its own content may each be answered at the last moment, and an answer to
    content has twice the time.
    """
    if isinstance(settings, SmtpSettings):
        return 7 * settings.timeout
    return settings.timeout if isinstance(settings, SendmailSettings) else _WRITING
