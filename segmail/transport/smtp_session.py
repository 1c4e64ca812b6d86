"""Gets from a host name to a mail server ready for messages: greeting, encryption, login."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from segmail.errors import ConfigError, SegmailError
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import NoConnection
from segmail.transport.sasl import MECHANISMS, Account
from segmail.transport.smtp_login import log_in
from segmail.transport.smtp_wire import ConnectionBroken, Reply, Wire, connect

# OpenSSL's names for replies that are not TLS: which one depends on its version and on the reply.
_NO_TLS_RECORD = {
    "WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST", "UNEXPECTED_MESSAGE",
}  # fmt: skip


@lru_cache(maxsize=4)
def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """Return how certificates are checked; raise ConfigError if the CA file cannot be used.

    It is created only for servers that are spoken to in TLS: reading the system's trusted
    certificates takes as long as sending forty mails.
    """
    try:
        context = ssl.create_default_context(cafile=settings.cafile)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{settings.source}: the CA file {settings.cafile} cannot be used: {error}. "
            "It must hold certificates in PEM format."
        ) from error
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@cache  # the resolver may be slow
def _own_name() -> str:
    """Return this machine's full name; without one, an address in brackets."""
    name = socket.getfqdn()
    return name if "." in name and not name.startswith("localhost") else "[127.0.0.1]"


def open_session(
    settings: SmtpSettings, on_socket: Callable[[socket.socket], None]
) -> tuple[Wire, Mapping[str, str]]:
    """Connect, greet, encrypt and log in; `on_socket` gets each socket before waiting for it.

    Returns the connection, ready for messages, and the server's extensions, by upper-case name with
    their parameters.

    Raises NoConnection if this may work later, ConfigError if a human must act.
    """
    ehlo = settings.ehlo or _own_name()
    wire = _connected(settings, on_socket)
    try:
        return wire, _Opening(wire, settings, ehlo).run()
    except ConnectionBroken as error:
        wire.close()
        hint = _port_hint(settings, wire)
        raise NoConnection(f"The mail server {settings.server} {error}.{hint}") from error
    except BaseException:
        wire.close()
        raise


def _port_hint(settings: SmtpSettings, wire: Wire) -> str:
    """Return a hint for a server without a greeting: it may expect the other kind of beginning."""
    if wire.has_heard:
        return ""
    start, right, wrong = (
        ("not encrypted", "smtp://", "smtps://")
        if settings.encryption == "tls"
        else ("encrypted", "smtps://", "smtp://")
    )
    return (
        f" If this port is {start} from the start, write {right} instead of {wrong} "
        "(in Maho: the SSL setting)."
    )


def _connected(settings: SmtpSettings, on_socket: Callable[[socket.socket], None]) -> Wire:
    deadline = time.monotonic() + settings.timeout / 3
    try:
        return connect(settings.host, settings.port, deadline, on_socket)
    except UnicodeError as error:
        raise ConfigError(
            f"{settings.source}: {settings.host!r} cannot be the name of a host."
        ) from error
    except OSError as error:
        reason = error.strerror or "no answer in time"
        raise NoConnection(
            f"The mail server {settings.server} cannot be reached: {reason}. "
            f"Is it running, and is {settings.source} right?"
        ) from error


class _Opening:
    """One opening, with one deadline for all of it."""

    def __init__(self, wire: Wire, settings: SmtpSettings, ehlo: str) -> None:
        self._wire = wire
        self._settings = settings
        self._ehlo = ehlo
        self._deadline = time.monotonic() + 2 * settings.timeout

    def run(self) -> Mapping[str, str]:
        if self._settings.encryption == "tls":
            self._encrypt()
        self._greet()
        extensions = self._say_ehlo()
        if self._wants_starttls(extensions):
            self._start_tls()
            extensions = self._say_ehlo()
        if self._settings.user:
            self._log_in(extensions)
        if self._wire.reader.has_more:
            raise ConnectionBroken("answered more than it was asked")
        return extensions

    def _ask(self, command: str) -> Reply:
        return self._wire.ask(command, self._deadline)

    def _greet(self) -> None:
        greeting = self._wire.read_reply(self._deadline)
        if greeting.code != 220:
            raise self._unavailable(f"greets with `{greeting.words}`")

    def _say_ehlo(self) -> dict[str, str]:
        reply = self._ask(f"EHLO {self._ehlo}")
        if reply.code in (500, 502):
            reply = self._ask(f"HELO {self._ehlo}")
        if reply.code != 250:
            raise self._unavailable(f"answers EHLO with `{reply.words}`")
        pairs = (line.replace("=", " ", 1).partition(" ") for line in reply.lines[1:])
        found: dict[str, str] = {}
        for name, _, parameters in pairs:  # old servers write AUTH twice, in two ways
            found[name.upper()] = f"{found.get(name.upper(), '')} {parameters.strip()}".strip()
        return found

    def _wants_starttls(self, extensions: Mapping[str, str]) -> bool:
        wanted = self._settings.encryption
        if self._wire.encrypted or wanted == "never":
            return False
        if wanted == "always" and "STARTTLS" not in extensions:
            raise self._misconfigured(
                "offers no encryption (STARTTLS), which starttls=always demands; use a port "
                "that offers it, or smtps://"
            )
        return "STARTTLS" in extensions

    def _start_tls(self) -> None:
        reply = self._ask("STARTTLS")
        if reply.code == 220:
            self._encrypt()
        elif reply.code < 500:
            raise self._unavailable(f"answers STARTTLS with `{reply.words}`")
        else:
            raise self._misconfigured(
                f"offers encryption, but answers STARTTLS with `{reply.words}`; fix the server, or"
                " use starttls=never in SEGMAIL_SMTP_URL to send without encryption"
            )

    def _encrypt(self) -> None:
        context = tls_context(self._settings)
        try:
            self._wire.encrypt(context, self._settings.host, self._deadline)
        except ssl.SSLCertVerificationError as error:
            raise self._misconfigured(
                f"has a certificate that is not trusted: {error.verify_message}. Fix it, use the "
                "name it was made for, or trust its CA with cafile=FILE in SEGMAIL_SMTP_URL"
            ) from error
        except ssl.SSLError as error:
            if self._settings.encryption != "tls" and error.reason in _NO_TLS_RECORD:
                # The server offered encryption and agreed to begin, so a fault may be fixed.
                raise self._unavailable(
                    "goes on in plain words after it agreed to STARTTLS"
                ) from error
            raise self._misconfigured(
                f"and segmail cannot agree on encryption ({error.reason}); is the port right? "
                "smtps:// is encrypted from the start, smtp:// begins without"
            ) from error

    def _log_in(self, extensions: Mapping[str, str]) -> None:
        settings = self._settings
        is_private = self._wire.encrypted or settings.is_loopback
        if not is_private and settings.encryption != "never":
            raise self._misconfigured(
                "offers no encryption (STARTTLS), and the password would be readable on its way; "
                "use a port that offers it, or, on a safe network, give starttls=never in "
                "SEGMAIL_SMTP_URL"
            )
        account = Account(settings.user, settings.password, settings.host)
        offered = extensions.get("AUTH")
        reply = log_in(self._ask, offered, account, by=settings.auth)
        if reply is None:
            raise self._misconfigured(self._no_login(offered, extensions))
        if 400 <= reply.code < 500:
            raise self._unavailable(f"answers the login with `{reply.words}`")
        if reply.code != 235:
            raise self._misconfigured(
                f"refuses the user name and password: `{reply.words}`; correct them"
            )

    def _no_login(self, offered: str | None, extensions: Mapping[str, str]) -> str:
        """Return what is wrong if no login mechanism is left, and what to do."""
        words = re.findall(r"[A-Za-z0-9_-]+", offered or "")
        offers = f"offers {', '.join(words)} to log in" if words else "offers no login"
        if not self._wire.encrypted and "STARTTLS" in extensions:
            return f"{offers} as long as it is not encrypted; leave out starttls=never"
        if self._settings.auth:
            return f"{offers}, and not {self._settings.auth}, which auth= demands; change that"
        if words:
            known = ", ".join(MECHANISMS)
            return f"{offers}, and segmail knows {known}; turn one of these on at the server"
        return (
            f"{offers}; use another port, or leave out the user name and password if it needs none"
        )

    def _unavailable(self, text: str) -> SegmailError:
        return NoConnection(f"The mail server {self._settings.server} {text}.")

    def _misconfigured(self, text: str) -> SegmailError:
        settings = self._settings
        return ConfigError(f"{settings.source}: the mail server {settings.server} {text}.")
