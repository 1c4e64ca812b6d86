"""What the doctor found."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from segmail.errors import ConfigError, Fault


class Severity(enum.StrEnum):
    """An error keeps something from working, a warning does not; a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"


class Area(enum.StrEnum):
    """What was looked at; each has at least one finding, unless it could not be looked at."""

    PROGRAM = "program"
    SCHEMA = "schema"
    STATE = "state directory"
    SWITCHES = "automation"
    MAIL = "mail transport"
    TIME_ZONES = "time zones"
    STEPS = "steps"
    SEGMENTS = "segments"
    INDEXES = "indexes"


@dataclass(frozen=True)
class Finding:
    """One thing that was found; `advice` is what to do, empty where nothing is."""

    severity: Severity
    area: Area
    what: str
    advice: str = ""


def ok(area: Area, what: str) -> Finding:
    """Return that nothing is wrong with an area."""
    return Finding(Severity.OK, area, what)


def of_text(severity: Severity, area: Area, text: str, *, about: str = "") -> Finding:
    """Return a finding of a fault, or of a text without advice; `about` stands before it."""
    fault = Fault.of(text)
    return Finding(severity, area, f"{about}{fault.what}", fault.advice)


def of_error(area: Area, error: ConfigError) -> list[Finding]:
    """Return an error for each fault."""
    return [of_text(Severity.ERROR, area, fault) for fault in error.faults]


def count_errors(findings: Iterable[Finding]) -> int:
    """Return how many errors there are."""
    return sum(finding.severity is Severity.ERROR for finding in findings)
