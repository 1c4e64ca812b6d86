"""What is wrong, or odd, with a step or a sequence."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from segmail.maho.steps import Segment, Step
from segmail.sequences.find import label


class Severity(enum.StrEnum):
    """An error keeps mails from being sent, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that was found; `step` and `sequence_id` are None where it is about a segment."""

    severity: Severity
    segment_id: int
    segment: str
    sequence_id: int | None
    step: str | None
    text: str


def step_finding(severity: Severity, step: Step, text: str) -> Finding:
    """Return a finding about a step."""
    segment = step.segment
    return Finding(severity, segment.segment_id, segment.name, step.sequence_id, label(step), text)


def segment_finding(severity: Severity, segment: Segment, text: str) -> Finding:
    """Return a finding about a segment's sequences as a whole."""
    return Finding(severity, segment.segment_id, segment.name, None, None, text)


def errors(findings: Iterable[Finding]) -> list[str]:
    """Return the texts of the errors."""
    return [finding.text for finding in findings if finding.severity is Severity.ERROR]


def warnings(findings: Iterable[Finding]) -> list[str]:
    """Return the texts of the warnings."""
    return [finding.text for finding in findings if finding.severity is Severity.WARNING]
