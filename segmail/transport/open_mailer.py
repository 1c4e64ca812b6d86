"""Creates mailers from the settings of the mail transport."""

from __future__ import annotations

from functools import partial

from segmail.transport.file import FileMailer, prepare_folder
from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.mailer import MailerFactory
from segmail.transport.recorder import RecorderMailer, RecorderSettings, Transport
from segmail.transport.sendmail import SendmailMailer, check_sendmail
from segmail.transport.smtp import SmtpMailer
from segmail.transport.smtp_session import greeting_name, tls_context


def mailer_factory(settings: Transport) -> MailerFactory:
    """Return a function that opens mailers, one for each thread that sends.

    Everything that can be checked without sending is checked here: ConfigError for a CA file, mail
    program or folder that cannot be used. The first message connects to a mail server.
    """
    if isinstance(settings, SmtpSettings):
        ehlo = settings.ehlo or greeting_name()
        return partial(SmtpMailer, settings, tls_context(settings), ehlo)
    if isinstance(settings, SendmailSettings):
        check_sendmail(settings)
        return partial(SendmailMailer, settings)
    if isinstance(settings, RecorderSettings):
        return partial(RecorderMailer, settings)
    prepare_folder(settings)
    return partial(FileMailer, settings)
