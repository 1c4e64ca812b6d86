"""Whether every segment's stored conditions can be used, and what would speed them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from segmail.doctor.findings import Area, AreaFinding, ok
from segmail.errors import ConditionError
from segmail.findings import Finding, Severity
from segmail.maho.schema.transaction import Transaction
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Candidate
from segmail.segments.refresh.order import in_order


def segment_findings(
    tx: Transaction, candidates: Sequence[Candidate], *, now: datetime
) -> list[AreaFinding]:
    """Return the segments whose conditions cannot be used, or that Maho may damage.

    A fault of an inactive segment, which is not refreshed, is a warning.
    """
    matching = matching_by_conditions()
    found: list[AreaFinding] = []
    _, circles = in_order(tx, candidates)
    for one in candidates:
        if one.id in circles:
            found += _faults(one, circles[one.id])
        try:
            matching(tx, one, now)
        except ConditionError as error:
            found += _faults(one, error)
        found += _losing(one)
    return found or [ok(Area.SEGMENTS, f"The conditions of each can be used ({len(candidates)}).")]


def _faults(one: Candidate, error: ConditionError) -> Iterator[AreaFinding]:
    severity = Severity.ERROR if one.segment.is_active else Severity.WARNING
    for fault in error.faults:
        what = f"Segment {one.id} '{one.segment.name}': {fault}"
        yield Finding(severity, Area.SEGMENTS, what, "Fix it in Maho, or with segment apply.")


def _losing(one: Candidate) -> Iterator[AreaFinding]:
    if one.is_automatic and one.needs_segmail:
        what = (
            f"Segment {one.id} '{one.segment.name}' has conditions that Maho deletes when it "
            "refreshes or saves it."
        )
        switch = "on" if one.segment.automation_active else "off"  # as it is
        advice = f"segmail segment automation {one.id} {switch} --refresh segmail"
        yield Finding(Severity.WARNING, Area.SEGMENTS, what, advice)
