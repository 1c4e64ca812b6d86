"""What the doctor checks, and how it reports what it finds."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TypeAlias

from segmail.errors import Fault
from segmail.findings import Finding, Severity


class Area(enum.StrEnum):
    """What was checked; each area has at least one finding, unless it could not be checked."""

    PROGRAM = "program"
    SCHEMA = "schema"
    RIGHTS = "rights"
    STATE = "state directory"
    LOG = "log"
    DISK = "disk"
    CLOCK = "clock"
    SWITCHES = "automation"
    MAIL = "mail transport"
    CONTACT = "mail server"
    DNS = "sender domains"
    TIME_ZONES = "time zones"
    BASE_URLS = "base URLs"
    STEPS = "steps"
    PARTIALS = "item blocks"
    SEGMENTS = "segments"
    JOBS = "jobs"
    INDEXES = "indexes"
    ATTEMPTS = "attempts"


AreaFinding: TypeAlias = Finding[Area]


def ok(area: Area, what: str) -> AreaFinding:
    """Return the finding that nothing is wrong with an area."""
    return Finding(Severity.OK, area, what)


def of_faults(
    area: Area, faults: Iterable[Fault], severity: Severity = Severity.ERROR
) -> list[AreaFinding]:
    """Return a finding for each fault."""
    return [Finding(severity, area, fault.what, fault.advice) for fault in faults]
