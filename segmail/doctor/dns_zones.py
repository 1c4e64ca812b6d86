"""Queries the DNS; the only module that uses dnspython, loaded for `doctor --dns` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

SYSTEM = "system"

_PATIENCE = 5.0  # seconds for one query


class ZoneSilent(Exception):
    """No server could say whether a name has such records; the text says why."""


class Zones:
    """Queries the system's DNS servers, or a given one: `ADDRESS` or `ADDRESS:PORT`."""

    def __init__(self, nameserver: str) -> None:
        self._nameserver = "" if nameserver == SYSTEM else nameserver

    def texts(self, name: str) -> list[str]:
        """Return a name's TXT records; raises ZoneSilent."""
        return [
            b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT")
        ]

    def takes_mail(self, name: str) -> bool:
        """Return whether a domain has an MX that is not `.`, or an address; raises ZoneSilent."""
        exchanges = [str(record.exchange) for record in self._ask(name, "MX")]
        if exchanges:
            return exchanges != ["."]
        return any(self._ask(name, kind) for kind in ("A", "AAAA"))

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        try:
            return list(self._resolver().resolve(f"{name}.", kind, search=False))
        except (NXDOMAIN, NoAnswer):
            return []
        except (DNSException, OSError) as error:
            raise ZoneSilent(" ".join(str(error).split()).rstrip(".")) from error

    def _resolver(self) -> Resolver:
        resolver = Resolver(configure=not self._nameserver)
        resolver.lifetime = _PATIENCE
        if self._nameserver:
            host, _, port = self._nameserver.partition(":")
            resolver.nameservers, resolver.port = [host], int(port or 53)
        return resolver
