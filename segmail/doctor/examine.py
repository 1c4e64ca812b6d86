"""The use case of `doctor`: checks everything, changes nothing, reports all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from segmail.clock import Clock
from segmail.doctor.attempts import attempt_findings
from segmail.doctor.contact import contact_findings
from segmail.doctor.delivery import (
    log_findings,
    mail_findings,
    program_findings,
    state_findings,
)
from segmail.doctor.findings import Area, AreaFinding, of_faults
from segmail.doctor.indexes import index_findings
from segmail.doctor.jobs import clock_findings, disk_findings, job_findings
from segmail.doctor.letters import load_letters
from segmail.doctor.lost_indexes import lost_tuning
from segmail.doctor.schema import is_readable, right_findings, schema_findings
from segmail.doctor.segments import segment_findings
from segmail.doctor.shop import (
    base_url_findings,
    partial_findings,
    step_findings,
    switch_findings,
    time_zone_findings,
)
from segmail.errors import ConfigError
from segmail.findings import Severity
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.db.database import Database
from segmail.maho.schema.check import check_schema
from segmail.maho.shop import Shop
from segmail.mail.message import sender_domain
from segmail.segments.refresh.candidates import load_candidates
from segmail.settings import Settings
from segmail.transport.bounce_address import bounce_address
from segmail.transport.mail_url import MailSettings, SmtpSettings
from segmail.transport.settings import mail_settings


@dataclass(frozen=True)
class Beyond:
    """What to ask besides the database, if it is wanted: the mail server, the DNS."""

    mail_server: bool = False
    dns: bool = False


def examine(
    database: Database,
    settings: Settings,
    open_shop: Callable[[], tuple[Shop, StoreConfig]],
    *,
    clock: Clock,
    beyond: Beyond = Beyond(),
) -> list[AreaFinding]:
    """Return what is wrong, odd or in order, area by area, errors first.

    If tables or columns are missing, `open_shop` is not called, and the checks that read them are
    skipped. Raises DatabaseUnavailable.
    """
    found = _look(database, settings, open_shop, clock=clock, beyond=beyond)
    return sorted(found, key=_rank)


def _rank(finding: AreaFinding) -> int:
    return (Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.OK).index(finding.severity)


def _look(
    database: Database,
    settings: Settings,
    open_shop: Callable[[], tuple[Shop, StoreConfig]],
    *,
    clock: Clock,
    beyond: Beyond,
) -> list[AreaFinding]:
    now = clock.now()
    report = check_schema(database, settings.table_prefix)
    found = [
        *program_findings(settings),
        *schema_findings(report),
        *state_findings(settings.state_dir),
        *log_findings(settings.log_file),
        *disk_findings(settings),
    ]
    if report.layout is None or not is_readable(report):
        return found
    shop, config = open_shop()
    return [
        *found,
        *_configured(shop, config, settings, clock),
        *step_findings(shop, maho_root=settings.maho_root, now=now),
        *partial_findings(settings.maho_root),
        *_attempts(shop, settings, now=now),
        *_segments(shop, now=now),
        *job_findings(shop, config, settings, now=now),
        *_beyond(shop, config, settings, beyond),
    ]


def _configured(
    shop: Shop, config: StoreConfig, settings: Settings, clock: Clock
) -> list[AreaFinding]:
    with shop.read() as tx:
        return [
            *clock_findings(tx.connection, clock),
            *right_findings(tx.connection, shop.tables.prefix),
            *switch_findings(tx, config, settings.enabled),
            *mail_findings(settings, config, shop.crypt_key),
            *time_zone_findings(tx, config),
            *base_url_findings(tx, config),
        ]


def _attempts(shop: Shop, settings: Settings, *, now: datetime) -> list[AreaFinding]:
    lease = timedelta(minutes=settings.delivery.lease_minutes)
    grace = timedelta(minutes=settings.delivery.grace_minutes)
    with shop.read() as tx:
        return attempt_findings(tx, now=now, lease=lease, grace=grace)


def _segments(shop: Shop, *, now: datetime) -> list[AreaFinding]:
    """Return findings about segments; invalid policies keep every segment from being refreshed."""
    with shop.read() as tx:
        try:
            candidates = load_candidates(tx, None)
        except ConfigError as error:
            return of_faults(Area.SEGMENTS, error.faults)
        return [
            *segment_findings(tx, candidates, now=now),
            *lost_tuning(tx),
            *index_findings(tx.connection, shop.tables.prefix, candidates),
        ]


def _beyond(
    shop: Shop, config: StoreConfig, settings: Settings, beyond: Beyond
) -> list[AreaFinding]:
    """Return findings of mail server and DNS; unusable transport settings are found elsewhere."""
    if not (beyond.mail_server or beyond.dns):
        return []
    try:
        transport = mail_settings(settings, config, shop.crypt_key)
        bounces_to = bounce_address(transport, config)
    except ConfigError:
        return []
    with shop.read() as tx:
        letters = load_letters(tx)
    found: list[AreaFinding] = []
    if beyond.mail_server:
        found += contact_findings(transport, letters.longest)
    if beyond.dns:
        # Imported only if asked for: it takes as long as the rest of the program.
        from segmail.doctor.dns_zones import Zones
        from segmail.doctor.sender_domains import SenderDomains, dns_findings

        senders = SenderDomains(
            letters.domains,
            bounces_to=None if bounces_to is None else sender_domain(bounces_to),
            selectors=settings.doctor.dkim_selectors,
            mail_host=_public_name(transport),
        )
        found += dns_findings(senders, Zones(settings.doctor.nameserver))
    return found


def _public_name(transport: MailSettings) -> str | None:
    """Return the mail server's name, if it is one that others can look up."""
    if not isinstance(transport, SmtpSettings) or transport.is_loopback:
        return None
    is_name = "." in transport.host and not transport.host.replace(".", "").isdecimal()
    return transport.host if is_name and ":" not in transport.host else None
