"""Checks every step and every sequence, and reports what keeps mails from being sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from segmail.findings import Severity
from segmail.lint import Facts
from segmail.maho.lookup import find_segment
from segmail.maho.progress import count_pending_by_step
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step, Trigger, load_segments, load_steps
from segmail.sequences.checks import step_findings
from segmail.sequences.findings import StepFinding, StepPlace, segment_finding, step_warning
from segmail.sequences.order import order_findings
from segmail.sequences.references import StepReferences
from segmail.sequences.stay_checks import stay_findings
from segmail.sequences.template_checks import letter_findings, table_findings


def validate_steps(
    shop: Shop, segment: str | None = None, *, now: datetime, maho_root: Path | None = None
) -> list[StepFinding]:
    """Return what is wrong or odd with the steps of one segment, or of all, segment by segment.

    A finding of `template lint` is an error if no mail can be sent; `maho_root` is where it finds
    Maho's own templates. An error on an active step is a warning on one that is switched off.
    """
    with shop.read() as tx:
        segments = load_segments(tx) if segment is None else [find_segment(tx, segment)]
        ids = [one.segment_id for one in segments]
        steps = load_steps(tx, segment_ids=ids)
        references = StepReferences.load(tx, steps)
        pending = count_pending_by_step(tx, ids)
        stays = stay_findings(tx, ids, steps)
        tables = list(table_findings(tx, steps, references))
    found = [
        *(finding for one in segments for finding in automation_findings(one, steps)),
        *(finding for step in steps for finding in step_findings(step, references, now=now)),
        *letter_findings(steps, references, Facts.load(shop, maho_root=maho_root)),
        *order_findings(steps),
        *tables,
        *_of_other_trigger(steps, pending),
        *stays,
    ]
    inactive = {step.sequence_id for step in steps if not step.is_active}
    found = [_softened(one) if one.where.sequence_id in inactive else one for one in found]
    return sorted(found, key=lambda one: _order(one.where))


def _of_other_trigger(
    steps: Iterable[Step], pending: Mapping[tuple[int, str], int]
) -> Iterator[StepFinding]:
    """Return warnings about rows scheduled before a step, or its segment, got another trigger."""
    for step in steps:
        for trigger in Trigger:
            count = pending.get((step.sequence_id, trigger.value), 0)
            if trigger is not step.trigger and count:
                what = f"{count:,} scheduled rows are for the trigger '{trigger}', not the step's."
                yield step_warning(step, what, "They are skipped when they come due.")


def automation_findings(segment: Segment, steps: Iterable[Step]) -> list[StepFinding]:
    """Return what is wrong with a segment's automation; `steps` may include other segments'."""
    if not segment.automation_active:
        return []
    found = []
    if not any(s.is_active for s in steps if s.segment.segment_id == segment.segment_id):
        what = (
            f"The automation of '{segment.name}' is on, but it has no active step; Maho refuses "
            "to save or refresh such a segment."
        )
        advice = (
            f"Add or enable a step, or run: segmail segment automation {segment.segment_id} off"
        )
        found.append(segment_finding(Severity.ERROR, segment, what, advice))
    if not segment.is_active:
        what = f"'{segment.name}' is inactive, so its scheduled rows are held."
        found.append(segment_finding(Severity.WARNING, segment, what))
    return found


def automation_warnings(tx: Transaction, segments: Sequence[Segment]) -> list[str]:
    """Return what is wrong with the segments' automation now, for people who change steps."""
    ids = [segment.segment_id for segment in segments]
    steps = load_steps(tx, segment_ids=ids)
    return [str(f) for segment in segments for f in automation_findings(segment, steps)]


def _order(place: StepPlace) -> tuple[int, str, int]:
    """Sort by segment, then findings about all its steps, then by trigger and number."""
    if place.step is None:
        return place.segment_id, "", 0
    _segment, trigger, number = place.step.rsplit(":", 2)
    return place.segment_id, trigger, int(number)


def _softened(finding: StepFinding) -> StepFinding:
    return replace(finding, severity=Severity.WARNING)
