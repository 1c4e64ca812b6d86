"""Creates what opens connections, from the settings of the mail transport."""

from __future__ import annotations

from functools import partial

from segmail.transport.connections import Opener
from segmail.transport.file import FileMailer, prepare_folder
from segmail.transport.mail_url import SendmailSettings, SmtpSettings
from segmail.transport.recorder import RecorderMailer, RecorderSettings, Transport
from segmail.transport.sendmail import SendmailMailer, check_sendmail
from segmail.transport.smtp import open_smtp
from segmail.transport.smtp_session import greeting_name, tls_context


def opener_for(settings: Transport) -> Opener:
    """Return what opens the connections of a run.

    Everything that can be checked without sending is checked here: ConfigError for a CA file, mail
    program or folder that cannot be used. The first message connects to a mail server.
    """
    if isinstance(settings, SmtpSettings):
        ehlo = settings.ehlo or greeting_name()
        if settings.cafile is not None:
            tls_context(settings)
        return partial(open_smtp, settings, ehlo)
    if isinstance(settings, SendmailSettings):
        check_sendmail(settings)
        return lambda _on_socket: SendmailMailer(settings)
    if isinstance(settings, RecorderSettings):
        return lambda _on_socket: RecorderMailer(settings)
    prepare_folder(settings)
    return lambda _on_socket: FileMailer(settings)
