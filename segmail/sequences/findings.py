"""What is wrong, or odd, with a step or a sequence: an error keeps mails from being sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from segmail.findings import Finding, Severity
from segmail.maho.steps import Segment, Step
from segmail.sequences.find import label


@dataclass(frozen=True)
class StepPlace:
    """A segment and one of its steps; all its sequences if `sequence_id` and `step` are None."""

    segment_id: int
    segment: str
    sequence_id: int | None = None
    step: str | None = None

    @classmethod
    def of(cls, step: Step) -> StepPlace:
        """Return the place of a step."""
        segment = step.segment
        return cls(segment.segment_id, segment.name, step.sequence_id, label(step))

    def __str__(self) -> str:
        return self.step or self.segment


StepFinding: TypeAlias = Finding[StepPlace]


def step_error(step: Step, what: str, advice: str = "") -> StepFinding:
    """Return an error about a step."""
    return Finding(Severity.ERROR, StepPlace.of(step), what, advice)


def step_warning(step: Step, what: str, advice: str = "") -> StepFinding:
    """Return a warning about a step."""
    return Finding(Severity.WARNING, StepPlace.of(step), what, advice)


def segment_finding(
    severity: Severity, segment: Segment, what: str, advice: str = ""
) -> StepFinding:
    """Return a finding about a segment's sequences as a whole."""
    return Finding(severity, StepPlace(segment.segment_id, segment.name), what, advice)
