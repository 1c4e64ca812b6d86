"""The use case of `doctor`: checks everything, changes nothing, reports all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

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
from segmail.doctor.schema import right_findings, schema_findings
from segmail.doctor.segments import segment_findings
from segmail.doctor.shop import (
    base_url_findings,
    partial_findings,
    step_findings,
    switch_findings,
    time_zone_findings,
)
from segmail.errors import ConfigError, DatabaseRefuses, Fault
from segmail.findings import Severity, errors
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.db.database import Database
from segmail.maho.schema.check import check_schema
from segmail.maho.schema.rights import write_nothing
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
    open_shop: Callable[[], Shop],
    *,
    clock: Clock,
    beyond: Beyond = Beyond(),
) -> list[AreaFinding]:
    """Return what is wrong, odd or in order, area by area, errors first.

    If there are no automation tables, `open_shop` is not called, and the checks that read them are
    skipped. A check that may not or cannot read what it needs is a finding. Raises
    DatabaseUnavailable.
    """
    of_schema, has_tables = _of_schema(database, settings)
    found = [
        *program_findings(settings),
        *of_schema,
        *state_findings(settings.state_dir),
        *log_findings(settings.log_file),
        *disk_findings(settings),
    ]
    if has_tables:
        found += _Examination(open_shop(), settings, clock, beyond).findings()
    return sorted(found, key=_rank)


def _of_schema(database: Database, settings: Settings) -> tuple[list[AreaFinding], bool]:
    """Return what is found of the tables, and whether there are any to look into."""
    try:
        report = check_schema(database, settings.table_prefix)
    except DatabaseRefuses as error:
        return of_faults(Area.SCHEMA, [Fault(str(error))]), False
    return schema_findings(report), report.layout is not None


def _rank(finding: AreaFinding) -> int:
    return (Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.OK).index(finding.severity)


@dataclass(frozen=True)
class _Examination:
    """The checks of a shop that has tables."""

    shop: Shop
    settings: Settings
    clock: Clock
    beyond: Beyond

    def findings(self) -> list[AreaFinding]:
        """Return the findings of every check; why one could not be made is a finding, too."""
        checks = {
            Area.CLOCK: self._of_clock,
            Area.RIGHTS: self._of_rights,
            Area.SWITCHES: self._of_switches,
            Area.MAIL: self._of_mail,
            Area.TIME_ZONES: self._of_time_zones,
            Area.BASE_URLS: self._of_base_urls,
            Area.STEPS: self._of_steps,
            Area.PARTIALS: lambda: partial_findings(self.settings.maho_root),
            Area.ATTEMPTS: self._of_attempts,
            Area.SEGMENTS: self._of_segments,
            Area.JOBS: self._of_jobs,
            Area.CONTACT: self._beyond,
        }
        return [finding for area, check in checks.items() for finding in _checked(area, check)]

    @cached_property
    def _config(self) -> StoreConfig:
        with self.shop.read() as tx:
            return StoreConfig.load(tx, self.settings.overrides)

    def _of_clock(self) -> list[AreaFinding]:
        with self.shop.read() as tx:
            return clock_findings(tx.connection, self.clock)

    def _of_rights(self) -> list[AreaFinding]:
        with self.shop.read() as tx:
            found = right_findings(tx.connection, tx.tables.prefix)
        if errors(found) or self.shop.database.engine.dialect.name == "sqlite":
            return found
        try:
            self.shop.rehearsal().transact(write_nothing)
        except DatabaseRefuses as error:
            return of_faults(Area.RIGHTS, [Fault(str(error))])
        return found

    def _of_switches(self) -> list[AreaFinding]:
        config = self._config
        with self.shop.read() as tx:
            return switch_findings(tx, config, self.settings.enabled)

    def _of_mail(self) -> list[AreaFinding]:
        return mail_findings(self.settings, self._config, self.shop.crypt_key)

    def _of_time_zones(self) -> list[AreaFinding]:
        config = self._config
        with self.shop.read() as tx:
            return time_zone_findings(tx, config)

    def _of_base_urls(self) -> list[AreaFinding]:
        config = self._config
        with self.shop.read() as tx:
            return base_url_findings(tx, config)

    def _of_steps(self) -> list[AreaFinding]:
        return step_findings(self.shop, maho_root=self.settings.maho_root, now=self.clock.now())

    def _of_attempts(self) -> list[AreaFinding]:
        lease = timedelta(minutes=self.settings.delivery.lease_minutes)
        grace = timedelta(minutes=self.settings.delivery.grace_minutes)
        with self.shop.read() as tx:
            return attempt_findings(tx, now=self.clock.now(), lease=lease, grace=grace)

    def _of_segments(self) -> list[AreaFinding]:
        return _segments(self.shop, now=self.clock.now())

    def _of_jobs(self) -> list[AreaFinding]:
        return job_findings(self.shop, self._config, self.settings, now=self.clock.now())

    def _beyond(self) -> list[AreaFinding]:
        if not (self.beyond.mail_server or self.beyond.dns):
            return []
        return _beyond(self.shop, self._config, self.settings, self.beyond)


def _checked(area: Area, check: Callable[[], list[AreaFinding]]) -> list[AreaFinding]:
    try:
        return check()
    except ConfigError as error:
        faults = error.faults
    except DatabaseRefuses as error:
        faults = (Fault(str(error)),)
    return of_faults(area, [one.about("Not checked: ") for one in faults])


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
