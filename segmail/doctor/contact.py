"""Whether the mail server would accept the mails: asked only with `--connect`."""

from __future__ import annotations

from collections.abc import Iterator

from segmail.doctor.findings import Area, AreaFinding, of_faults, ok
from segmail.errors import ConfigError, MailServerUnavailable
from segmail.findings import Finding, Severity
from segmail.transport.contact import Contact, contact
from segmail.transport.mail_url import MailSettings, SendmailSettings, SmtpSettings
from segmail.transport.sendmail import check_sendmail


def contact_findings(settings: MailSettings, longest_template: int) -> list[AreaFinding]:
    """Return what would stop a mail; none is sent.

    `longest_template` is the size in bytes of the longest text that a step sends.
    """
    try:
        if isinstance(settings, SmtpSettings):
            return _of_server(settings, contact(settings), longest_template)
        if isinstance(settings, SendmailSettings):
            check_sendmail(settings)
            return [ok(Area.CONTACT, f"{settings.program} is there and can be executed.")]
    except ConfigError as error:
        return of_faults(Area.CONTACT, error.faults)
    except MailServerUnavailable as error:
        advice = "See what answers there: "
        if isinstance(settings, SmtpSettings):
            advice += f"openssl s_client -connect {settings.server}"
            advice += "" if settings.encryption == "tls" else " -starttls smtp"
        return [Finding(Severity.ERROR, Area.CONTACT, str(error), advice)]
    return [ok(Area.CONTACT, f"Mails are written into {settings.folder}; none leaves.")]


def _of_server(settings: SmtpSettings, found: Contact, longest: int) -> list[AreaFinding]:
    faults = list(_faults(settings, found, longest))
    size = "without a limit" if found.most_bytes is None else f"up to {found.most_bytes:,} bytes"
    what = (
        f"{settings.server} answers, {'encrypted' if found.encrypted else 'not encrypted'}, "
        f"{'with' if found.logged_in else 'without'} a login; it takes messages {size}."
    )
    return [*faults, ok(Area.CONTACT, what)]


def _faults(settings: SmtpSettings, found: Contact, longest: int) -> Iterator[AreaFinding]:
    if not found.encrypted and not settings.is_loopback:
        what = f"Mails go to {settings.server} unencrypted: anybody on the way can read them."
        advice = "Use a port that offers it: smtps://HOST, or smtp://HOST:587?starttls=always."
        yield Finding(Severity.WARNING, Area.CONTACT, what, advice)
    if found.most_bytes is not None and found.most_bytes < longest:
        what = (
            f"{settings.server} takes at most {found.most_bytes:,} bytes, and the longest template "
            f"alone has {longest:,}."
        )
        advice = f"postconf -e message_size_limit={10 * longest}  (on the server, if it is Postfix)"
        yield Finding(Severity.ERROR, Area.CONTACT, what, advice)
    if not found.takes_utf8:
        what = f"{settings.server} accepts no address with characters beyond ASCII before the @."
        yield Finding(Severity.NOTE, Area.CONTACT, what)
