"""An e-mail address, as it is written into headers and the SMTP envelope."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from segmail.errors import MessageError

_MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1
_MAX_DOMAIN = 253

# All but these: compiling a range up to U+10FFFF would take longer than sending a mail.
_NOT_ATEXT = r"\x00-\x20\"(),:;<>@\[\\\]\x7f"
_DOT_ATOM = re.compile(rf"[^.{_NOT_ATEXT}]+(?:\.[^.{_NOT_ATEXT}]+)*")
_STRAY_DOTS = re.compile(rf"[^{_NOT_ATEXT}]+")
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])+"')
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # the full stops that IDNA knows


@dataclass(frozen=True)
class Address:
    """A mailbox that can be written: `utf8` if only SMTPUTF8 servers can take it."""

    local: str
    domain: str

    @property
    def utf8(self) -> bool:
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


@lru_cache(maxsize=256)  # a run has few senders
def parse_address(text: str, what: str) -> Address:
    """Return `text` as an address; an international domain becomes punycode.

    `what` names the field in the error: MessageError if the text is not an address. The error,
    which ends up in logs, never contains the address itself.
    """
    local, at, domain = text.strip(" ").rpartition("@")
    if not (at and local and domain):
        raise MessageError(f"{what} is not an e-mail address: it needs a name, @ and a domain.")
    return Address(_local_part(local, what), _ascii_domain(domain, what))


def _local_part(local: str, what: str) -> str:
    if len(local.encode("utf-8", "replace")) > _MAX_LOCAL:
        raise MessageError(f"{what} has more than {_MAX_LOCAL} bytes before the @.")
    if _QUOTED.fullmatch(local) or (_DOT_ATOM.fullmatch(local) and local.isprintable()):
        return local
    if _STRAY_DOTS.fullmatch(local) and local.isprintable():
        return f'"{local}"'  # real: some Japanese providers gave out `a..b@` and `ab.@`
    raise MessageError(f"{what} has a character before the @ that no address can have.")


@lru_cache(maxsize=1024)  # recipients share their providers' domains
def _ascii_domain(domain: str, what: str) -> str:
    if domain.startswith("[") and _is_literal(domain):
        return domain
    ascii_domain = ".".join(_ascii_label(label) for label in _DOTS.split(domain))
    if len(ascii_domain) > _MAX_DOMAIN or not all(
        _LABEL.fullmatch(label) for label in ascii_domain.split(".")
    ):
        raise MessageError(f"{what} has no possible domain after the @.")
    return ascii_domain


def _ascii_label(label: str) -> str:
    """Return the label as IDNA 2008 writes it, or an impossible label.

    An ASCII label stays as it is: real domains have underscores, and punycode that IDNA 2008 does
    not know, such as emoji. The standard library's `idna` codec follows IDNA 2003: it would turn
    straße.de into another domain, strasse.de.
    """
    if label.isascii():
        return label
    import idna  # few shops mail to such a domain, and it costs milliseconds

    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _is_literal(domain: str) -> bool:
    inner = domain[1:-1]
    try:
        if inner.upper().startswith("IPV6:"):
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        return False
    return domain.endswith("]")
