"""Creates what opens connections, from the settings of the mail transport."""

from __future__ import annotations

from functools import partial

from segmail.transport.connections import Opener
from segmail.transport.file import prepare_folder, write_file
from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.mailer_connection import MailerConnection
from segmail.transport.recorder import RecorderSettings, Transport, record
from segmail.transport.sendmail import SendmailMailer, check_sendmail
from segmail.transport.smtp import SmtpConnection
from segmail.transport.smtp_session import open_session, tls_context


def opener_for(settings: Transport) -> Opener:
    """Return what opens the connections of a run.

    Everything that can be checked without sending is checked here: ConfigError for a CA file, mail
    program or folder that cannot be used. The first message connects to a mail server.
    """
    if isinstance(settings, SmtpSettings):
        if settings.cafile is not None:
            tls_context(settings)
        return lambda on_socket: SmtpConnection(settings, *open_session(settings, on_socket))
    if isinstance(settings, SendmailSettings):
        check_sendmail(settings)
        return lambda _on_socket: SendmailMailer(settings)
    if isinstance(settings, RecorderSettings):
        return lambda _on_socket: MailerConnection(partial(record, settings))
    prepare_folder(settings)
    return lambda _on_socket: MailerConnection(partial(write_file, settings))
