"""Where mail goes: one URL, such as `smtp://user:password@mail.example.com:587`.

    smtp://USER:PASSWORD@HOST:PORT    port 25 by default; port 465 is encrypted from the start
    smtps://USER:PASSWORD@HOST:PORT   port 465 by default, encrypted from the start
    sendmail:///usr/sbin/sendmail     the local mail program
    file:///var/mails                 a folder; one .eml file a message

Options, after a `?` and joined by `&`:

    starttls=auto|always|never   smtp: encrypt when offered (default), insist, or do not
    verify=off                   smtp, smtps: take any certificate; cafile=FILE trusts a private CA
    timeout=30                   smtp, sendmail: seconds to wait for an answer
    ehlo=NAME                    smtp, smtps: the name to greet with
    auth=MECHANISM               smtp, smtps: log in by this one, such as XOAUTH2
    sender=ADDRESS               where bounces go, instead of the template's sender
"""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from segmail.errors import ConfigError, Fault, MessageError
from segmail.mail.address import parse_address

Encryption = Literal["tls", "always", "auto", "never"]

_SOURCE = "SEGMAIL_SMTP_URL"
_SENDMAIL = Path("/usr/sbin/sendmail")
_SECONDS = 30.0
_LONGEST_WAIT = 600.0
LONGEST_WRITING = 10.0  # seconds; a bound for the lease, not enforced
_EHLO_NAME = r"[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\]"
_SMTP_OPTIONS = {"starttls", "verify", "cafile", "timeout", "ehlo", "auth", "sender"}
_OPTIONS = {
    "smtp": _SMTP_OPTIONS,
    "smtps": _SMTP_OPTIONS - {"starttls"},
    "sendmail": {"timeout", "sender"},
    "file": {"sender"},
}


@dataclass(frozen=True)
class SmtpSettings:
    """A mail server. `source` is what a person must fix if it is wrong."""

    host: str
    port: int = 25
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    encryption: Encryption = "auto"  # "tls" from the start; else how to treat STARTTLS
    verify: bool = True
    cafile: Path | None = None
    timeout: float = _SECONDS  # seconds to wait for the answer to a command
    ehlo: str | None = None
    auth: str | None = None  # the mechanism to log in with; else the first known one offered
    sender: str | None = None
    source: str = _SOURCE

    @property
    def server(self) -> str:
        """The server as people write it: host:port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def longest_dialogue(self) -> float:
        """The seconds that sending one message may take: with less of its lease, none is begun.

        The content before it, MAIL, RCPT, DATA and its own content may each be answered at the last
        moment, and an answer to content has twice the time.
        """
        return 7 * self.timeout


@dataclass(frozen=True)
class SendmailSettings:
    """A program that accepts messages as sendmail does."""

    program: Path = _SENDMAIL
    timeout: float = _SECONDS
    sender: str | None = None
    source: str = _SOURCE

    @property
    def longest_dialogue(self) -> float:
        return self.timeout


@dataclass(frozen=True)
class FileSettings:
    """A folder that gets one .eml file a message."""

    folder: Path
    sender: str | None = None
    source: str = _SOURCE
    longest_dialogue = LONGEST_WRITING


MailSettings = SmtpSettings | SendmailSettings | FileSettings


def parse_mail_url(url: str, *, source: str = _SOURCE) -> MailSettings:
    """Return the settings that a mail URL describes.

    Raises ConfigError with every fault; none repeats a part of the URL that could be a secret.
    """
    reader = _UrlReader(_split(url.strip(), source), source)
    settings = reader.read()
    if reader.faults:
        raise ConfigError(reader.faults)
    return settings


def _split(url: str, source: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:  # whose words may repeat a secret
        text = "the host is not one; an IPv6 address goes in brackets."
        raise ConfigError(f"{source}: {text}") from None
    if parts.scheme not in _OPTIONS:
        raise ConfigError(f"{source}: must begin with smtp://, smtps://, sendmail:// or file://.")
    if parts.fragment or "@" in parts.path or "@" in parts.query.partition("sender=")[0]:
        raise ConfigError(
            f"{source}: a character in the user name, password or path must be percent-encoded "
            "(@ %40, : %3A, / %2F, ? %3F, # %23, % %25)."
        )
    return parts


class _UrlReader:
    """Reads the parts of one URL; every fault is recorded and reading continues."""

    def __init__(self, parts: SplitResult, source: str) -> None:
        self._parts = parts
        self._source = source
        self.faults: list[Fault] = []
        self._options = self._read_options()

    def read(self) -> MailSettings:
        if self._parts.scheme == "sendmail":
            return self._sendmail()
        return self._file() if self._parts.scheme == "file" else self._smtp()

    def _fault(self, text: str) -> None:
        self.faults.append(Fault(f"{self._source}: {text}"))

    def _read_options(self) -> dict[str, str]:
        scheme = self._parts.scheme
        known, options = _OPTIONS[scheme], dict[str, str]()
        for option in filter(None, self._parts.query.split("&")):
            name, _, value = option.partition("=")
            if name not in known:
                self._fault(f"unknown option; {scheme}:// knows {', '.join(sorted(known))}.")
            elif name in options:
                self._fault(f"the option {name} is given twice.")
            else:
                options[name] = self._decoded(value, f"option {name}")
        return options

    def _smtp(self) -> SmtpSettings:
        parts = self._parts
        if not parts.hostname:
            self._fault("names no host.")
        if parts.path not in ("", "/"):
            self._fault("has a path after the host; options begin with `?`.")
        port = self._port()
        return SmtpSettings(
            host=parts.hostname or "",
            port=port,
            user=self._decoded(parts.username, "user name"),
            password=self._decoded(parts.password, "password"),
            encryption=self._encryption(port),
            verify=self._option("verify", "on|off", "on or off") != "off",
            cafile=Path(self._options["cafile"]) if "cafile" in self._options else None,
            timeout=self._timeout(),
            ehlo=self._option("ehlo", _EHLO_NAME, "a host name or an address in brackets"),
            auth=self._auth(),
            sender=self._sender(),
            source=self._source,
        )

    def _sendmail(self) -> SendmailSettings:
        parts = self._parts
        if parts.netloc not in ("", "default"):
            self._fault("sendmail needs three slashes: sendmail:///usr/sbin/sendmail.")
        program = Path(unquote(parts.path)) if parts.path else _SENDMAIL
        return SendmailSettings(program, self._timeout(), self._sender(), self._source)

    def _file(self) -> FileSettings:
        path = self._parts.path
        if self._parts.netloc or not path.startswith("/"):
            self._fault("the folder must be absolute: file:///folder, with three slashes.")
        return FileSettings(Path(unquote(path)), self._sender(), self._source)

    def _port(self) -> int:
        try:
            port = self._parts.port
        except ValueError:
            port = 0
        if port is None:
            return 465 if self._parts.scheme == "smtps" else 25
        if not port:
            self._fault(
                "the port is not a number from 1 to 65535, or a character of the password "
                "is not percent-encoded."
            )
        return port

    def _decoded(self, text: str | None, what: str) -> str:
        try:
            return unquote(text or "", errors="strict")
        except UnicodeDecodeError:
            self._fault(f"the {what} is not percent-encoded UTF-8.")
            return ""

    def _encryption(self, port: int) -> Encryption:
        match self._option("starttls", "auto|always|never", "auto or always or never"):
            case "auto" | "always" | "never" as starttls:
                return starttls
        return "tls" if self._parts.scheme == "smtps" or port == 465 else "auto"

    def _option(self, name: str, pattern: str, wanted: str) -> str | None:
        value = self._options.get(name)
        if value is not None and not re.fullmatch(pattern, value):
            self._fault(f"the option {name} must be {wanted}.")
        return value

    def _timeout(self) -> float:
        try:
            seconds = float(self._options.get("timeout", _SECONDS))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= _LONGEST_WAIT:
            self._fault(f"the option timeout must be a number of seconds up to {_LONGEST_WAIT:g}.")
        return seconds

    def _auth(self) -> str | None:
        given = self._options.get("auth")
        if given is None:
            return None
        from segmail.transport.sasl import MECHANISMS  # needs the modules of a connection

        if given.upper() not in MECHANISMS:
            self._fault(f"the option auth must be one of {', '.join(MECHANISMS)}.")
        return given.upper()

    def _sender(self) -> str | None:
        sender = self._options.get("sender")
        if sender is None:
            return None
        try:
            return str(parse_address(sender, "the option sender"))
        except MessageError as error:
            self._fault(str(error))
            return None
