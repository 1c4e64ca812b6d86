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
_EHLO_NAME = re.compile(r"[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\]")
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


@dataclass(frozen=True)
class SendmailSettings:
    """A program that accepts messages as sendmail does."""

    program: Path = _SENDMAIL
    timeout: float = _SECONDS
    sender: str | None = None
    source: str = _SOURCE


@dataclass(frozen=True)
class FileSettings:
    """A folder that gets one .eml file a message."""

    folder: Path
    sender: str | None = None
    source: str = _SOURCE


MailSettings = SmtpSettings | SendmailSettings | FileSettings


def parse_mail_url(url: str, *, source: str = _SOURCE) -> MailSettings:
    """Return the settings that a mail URL describes.

    Raises ConfigError with every fault; none repeats a part of the URL that could be a secret.
    """
    faults: list[Fault] = []
    settings = _UrlReader(url, source, faults).read()
    if faults or settings is None:
        raise ConfigError(fault.about(f"{source}: ") for fault in faults)
    return settings


class _UrlReader:
    """Reads one URL; every fault is recorded and reading continues."""

    def __init__(self, url: str, source: str, faults: list[Fault]) -> None:
        self._url = url.strip()
        self._source = source
        self._faults = faults
        self._options: dict[str, str] = {}

    def read(self) -> MailSettings | None:
        parts = self._split()
        if parts is None:
            return None
        self._options = self._read_options(parts)
        if parts.scheme == "sendmail":
            return self._sendmail(parts)
        return self._file(parts) if parts.scheme == "file" else self._smtp(parts)

    def _split(self) -> SplitResult | None:
        try:
            parts = urlsplit(self._url)
        except ValueError:
            self._fault("the host is not one; an IPv6 address goes in brackets.")
            return None
        if parts.scheme not in _OPTIONS:
            self._fault("must begin with smtp://, smtps://, sendmail:// or file://.")
        elif parts.fragment or "@" in parts.path or "@" in parts.query.partition("sender=")[0]:
            self._fault(
                "a character in the user name, password or path must be percent-encoded "
                "(@ %40, : %3A, / %2F, ? %3F, # %23, % %25)."
            )
        else:
            return parts
        return None

    def _fault(self, text: str) -> None:
        self._faults.append(Fault(text))

    def _read_options(self, parts: SplitResult) -> dict[str, str]:
        known = _OPTIONS[parts.scheme]
        options: dict[str, str] = {}
        for option in filter(None, parts.query.split("&")):
            name, _, value = option.partition("=")
            if name not in known:
                self._fault(f"unknown option; {parts.scheme}:// knows {', '.join(sorted(known))}.")
            elif name in options:
                self._fault(f"the option {name} is given twice.")
            else:
                options[name] = self._decoded(value, f"option {name}")
        return options

    def _smtp(self, parts: SplitResult) -> SmtpSettings:
        if not parts.hostname:
            self._fault("names no host.")
        if parts.path not in ("", "/"):
            self._fault("has a path after the host; options begin with `?`.")
        port = self._port(parts)
        return SmtpSettings(
            host=parts.hostname or "",
            port=port,
            user=self._decoded(parts.username, "user name"),
            password=self._decoded(parts.password, "password"),
            encryption=self._encryption(parts.scheme, port),
            verify=self._choice("verify", ("on", "off")) != "off",
            cafile=Path(self._options["cafile"]) if "cafile" in self._options else None,
            timeout=self._timeout(),
            ehlo=self._ehlo(),
            auth=self._auth(),
            sender=self._sender(),
            source=self._source,
        )

    def _sendmail(self, parts: SplitResult) -> SendmailSettings:
        if parts.netloc not in ("", "default"):
            self._fault("sendmail needs three slashes: sendmail:///usr/sbin/sendmail.")
        program = Path(unquote(parts.path)) if parts.path else _SENDMAIL
        return SendmailSettings(program, self._timeout(), self._sender(), self._source)

    def _file(self, parts: SplitResult) -> FileSettings:
        if parts.netloc or not parts.path.startswith("/"):
            self._fault("the folder must be absolute: file:///folder, with three slashes.")
        return FileSettings(Path(unquote(parts.path)), self._sender(), self._source)

    def _port(self, parts: SplitResult) -> int:
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port is None:
            return 465 if parts.scheme == "smtps" else 25
        if not port:
            self._fault(
                "the port is not a number from 1 to 65535, or a character of the password "
                "is not percent-encoded."
            )
        return port or 0

    def _decoded(self, text: str | None, what: str) -> str:
        try:
            return unquote(text or "", errors="strict")
        except UnicodeDecodeError:
            self._fault(f"the {what} is not percent-encoded UTF-8.")
            return ""

    def _encryption(self, scheme: str, port: int) -> Encryption:
        match self._choice("starttls", ("auto", "always", "never")):
            case "auto" | "always" | "never" as starttls:
                return starttls
        return "tls" if scheme == "smtps" or port == 465 else "auto"

    def _choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        value = self._options.get(name)
        if value is not None and value not in allowed:
            self._fault(f"the option {name} must be {' or '.join(allowed)}.")
        return value

    def _timeout(self) -> float:
        try:
            seconds = float(self._options.get("timeout", _SECONDS))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= _LONGEST_WAIT:
            self._fault(f"the option timeout must be a number of seconds up to {_LONGEST_WAIT:g}.")
        return seconds

    def _ehlo(self) -> str | None:
        name = self._options.get("ehlo")
        if name is not None and not _EHLO_NAME.fullmatch(name):
            self._fault("the option ehlo must be a host name or an address in brackets.")
        return name

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
