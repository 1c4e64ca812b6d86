"""Whether the domains of the shop's senders are set up so that mailboxes trust them.

SPF (RFC 7208) names the servers that may send for the domain to which bounces go, DKIM (RFC 6376)
has the keys with which messages are signed, DMARC (RFC 7489) ties both to the sender that people
see.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segmail.doctor.dns_zones import Zones, ZoneSilent
from segmail.doctor.findings import Area, AreaFinding, ok
from segmail.findings import Finding, Severity

_PATIENCE = 5.0  # seconds for one query
_MOST_LOOKUPS = 10  # of an SPF record with all that it includes: more make it void
_LOOKING_UP = ("include", "redirect", "a", "mx", "ptr", "exists")
_BYTES_OF_1024_BITS = 160  # of a public RSA key in its wrapping: shorter ones are ignored
_BYTES_OF_2048_BITS = 290


@dataclass(frozen=True)
class SenderDomains:
    """Who sends the shop's mails: domains as the DNS writes them.

    `bounces_to` is the domain of all envelopes, None if each mail's envelope has its sender's
    domain; `mail_host` is the server through which mails leave, if others can look up its name.
    """

    domains: Sequence[str]
    bounces_to: str | None = None
    selectors: Sequence[str] = ()
    mail_host: str | None = None


def dns_findings(senders: SenderDomains, zones: Zones) -> list[AreaFinding]:
    """Return what is wrong with the records of each domain that sends mails."""
    if not senders.domains:
        return [ok(Area.DNS, "No step is active, so no domain sends.")]
    found: list[AreaFinding] = []
    for domain in senders.domains:
        try:
            found += _of_domain(domain, senders, zones)
        except ZoneSilent as error:
            what = f"{domain}: the DNS could not be asked: {error}."
            advice = "See that this machine's DNS server answers, or name another: `nameserver` "
            found.append(
                Finding(Severity.WARNING, Area.DNS, what, advice + "in [doctor] of segmail.toml.")
            )
    return found


def _of_domain(domain: str, senders: SenderDomains, zones: Zones) -> list[AreaFinding]:
    bounces_to = senders.bounces_to or domain
    found = [
        *_spf(bounces_to, senders.mail_host, zones),
        *_bounces(bounces_to, zones),
        *_dkim(domain, senders.selectors, zones),
        *_dmarc(domain, zones),
    ]
    if senders.selectors and not found:
        return [ok(Area.DNS, f"{domain}: SPF, DKIM and DMARC are there.")]
    return found or [ok(Area.DNS, f"{domain}: SPF and DMARC are there.")]


def _spf(domain: str, mail_host: str | None, zones: Zones) -> Iterator[AreaFinding]:
    records = [text for text in zones.texts(domain) if _is_spf(text)]
    sender = f"a:{mail_host}" if mail_host else "mx"
    paste = f'{domain}. IN TXT "v=spf1 {sender} ~all"'
    if not records:
        what = f"{domain} has no SPF record: nothing says which servers send its mails."
        advice = f"{paste}  (with what the provider of your mail server says to include)"
        yield Finding(Severity.WARNING, Area.DNS, what, advice)
        return
    if len(records) > 1:
        what = (
            f"{domain} has {len(records)} SPF records, and so none: mailboxes ignore more than one."
        )
        yield Finding(Severity.ERROR, Area.DNS, what, f"Leave one: {_merged(domain, records)}")
        return
    words = records[0].lower().split()
    if {"+all", "all"} & set(words):
        what = f"{domain}'s SPF record lets everybody send (`all` without a sign that refuses)."
        advice = f'{domain}. IN TXT "{_without_all(records[0])} ~all"'
        yield Finding(Severity.WARNING, Area.DNS, what, advice)
    lookups = _count_lookups(records[0], zones)
    if lookups > _MOST_LOOKUPS:
        what = (
            f"{domain}'s SPF record needs more than {_MOST_LOOKUPS} lookups with all that it "
            "includes, and so is void."
        )
        advice = "Take out includes of services that send no mail for the shop any more."
        yield Finding(Severity.ERROR, Area.DNS, what, advice)


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _without_all(record: str) -> str:
    return " ".join(word for word in record.split() if word.lower().lstrip("+?~-") != "all")


def _merged(domain: str, records: Sequence[str]) -> str:
    words = [word for record in records for word in _without_all(record).split()[1:]]
    return f'{domain}. IN TXT "v=spf1 {" ".join(dict.fromkeys(words))} ~all"'


def _count_lookups(record: str, zones: Zones) -> int:
    """Return how many lookups a record takes; counting stops once they are too many."""
    count, records = 0, [record]
    while records and count <= _MOST_LOOKUPS:
        for word in records.pop().lower().split()[1:]:
            name, _, target = word.lstrip("+?~-").replace("=", ":", 1).partition(":")
            if name.partition("/")[0] in _LOOKING_UP:
                count += 1
            if name in ("include", "redirect") and "%" not in target and count <= _MOST_LOOKUPS:
                records += [text for text in zones.texts(target.rstrip(".")) if _is_spf(text)]
    return count


def _bounces(domain: str, zones: Zones) -> Iterator[AreaFinding]:
    if not zones.takes_mail(domain):
        what = f"{domain} takes no mail (it has no MX record): bounces and replies are lost."
        advice = f"{domain}. IN MX 10 mail.{domain}.  (the server that takes mail for it)"
        yield Finding(Severity.WARNING, Area.DNS, what, advice)


def _dkim(domain: str, selectors: Sequence[str], zones: Zones) -> Iterator[AreaFinding]:
    if not selectors:
        what = f"{domain}: DKIM was not looked at, because no selector is named."
        advice = (
            'Write dkim_selectors = ["NAME"] into [doctor] of segmail.toml; a mail that has '
            "arrived tells the name in its DKIM-Signature, as s=NAME."
        )
        yield Finding(Severity.NOTE, Area.DNS, what, advice)
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        records = [text for text in zones.texts(name) if "p=" in text]
        if fault := _key_fault(records):
            advice = f'{name}. IN TXT "v=DKIM1; k=rsa; p=…"  (the key that your mail server names)'
            yield Finding(Severity.WARNING, Area.DNS, f"{name} {fault}.", advice)


def _key_fault(records: Sequence[str]) -> str:
    """Return what is wrong with a selector's key; '' if nothing is."""
    if not records:
        return "has no DKIM key"
    tags = _tags(records[0])
    try:
        key = base64.b64decode("".join(tags.get("p", "").split()), validate=True)
    except binascii.Error:
        return "has a DKIM key that is not Base64"
    if not key:
        return "has an empty DKIM key, which says that it was withdrawn"
    if tags.get("k", "rsa").lower() != "rsa" or len(key) >= _BYTES_OF_2048_BITS:
        return ""
    if len(key) < _BYTES_OF_1024_BITS:
        return "has a DKIM key of less than 1,024 bits, which mailboxes ignore"
    return "has a DKIM key of less than 2,048 bits"


def _dmarc(domain: str, zones: Zones) -> Iterator[AreaFinding]:
    """Return findings about DMARC; a domain without a record uses that of a domain above it."""
    labels = domain.split(".")
    above = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    for name in above:
        records = [text for text in zones.texts(f"_dmarc.{name}") if _is_dmarc(text)]
        if len(records) > 1:
            what = f"_dmarc.{name} has {len(records)} DMARC records, and so none."
            yield Finding(Severity.ERROR, Area.DNS, what, f"Leave one of them: {records[0]}")
            return
        if records:
            if _tags(records[0]).get("p") not in ("none", "quarantine", "reject"):
                what = f"_dmarc.{name} says no policy (p=), and so nothing."
                yield Finding(Severity.ERROR, Area.DNS, what, _dmarc_record(name))
            return
    what = f"{domain} has no DMARC record; large mailboxes want one from whoever sends much."
    yield Finding(Severity.WARNING, Area.DNS, what, _dmarc_record(domain))


def _dmarc_record(domain: str) -> str:
    return f'_dmarc.{domain}. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'


def _is_dmarc(text: str) -> bool:
    return text.replace(" ", "").lower().startswith("v=dmarc1")


def _tags(record: str) -> dict[str, str]:
    """Return a record's `name=value` pairs."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
