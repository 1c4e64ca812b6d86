"""Switches the automation of a file's segments, and checks that their steps can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.outcome import Change
from segmail.campaigns.steps import PlannedStep, StepsRun
from segmail.findings import errors, warnings
from segmail.maho.customer_conditions import RETRIGGERED
from segmail.maho.held_segments import mark_held
from segmail.maho.policies import save_enrols_since
from segmail.maho.progress import count_pending, is_pending_in, stop
from segmail.maho.schema.tables import Layout
from segmail.maho.steps import Segment, Step, Trigger, load_steps
from segmail.sequences.checks import step_findings
from segmail.sequences.order import order_findings
from segmail.sequences.references import StepReferences
from segmail.sequences.stay_checks import stay_findings
from segmail.sequences.store import set_automation


@dataclass(frozen=True)
class AutomationOutcome:
    """What changed about a segment's automation, and sentences about customers under way."""

    changes: Sequence[Change]
    effects: Sequence[str]


def apply_automation(
    run: StepsRun,
    segment: Segment,
    planned: Sequence[PlannedStep],
    entry: SegmentEntry,
    changed: set[int],
    faults: FileFaults,
) -> AutomationOutcome:
    """Switch the automation as the entry asks, and return the outcome.

    A reason why an active step cannot be sent is a fault if this file made or changed the step, its
    template or its sales rule (`changed` are their ids), or switches the automation on.
    """
    spec = run.tx.tables.layout is Layout.SPEC
    trigger = _trigger(segment, planned, entry) if spec else None
    active = segment.automation_active if entry.automation is None else entry.automation
    steps = load_steps(run.tx, segment_ids=[segment.segment_id])
    switched_on = active and not segment.automation_active
    told = _check(run, steps, planned, entry, changed, faults, all_of_them=switched_on)
    if switched_on and not any(step.is_active for step in steps):
        line = entry.lines.get("automation.active", entry.lines[""])
        what = f"'{entry.name}' has no active step, so its automation cannot be on."
        faults.add(line, what)
    changes = []
    if active != segment.automation_active:
        yes = {True: "on", False: "off"}
        changes.append(Change("automation", yes[not active], yes[active]))
    if spec and trigger is not segment.trigger:
        changes.append(Change("trigger", str(segment.trigger or "none"), str(trigger or "none")))
        told += _end_other_trigger(run, segment, trigger)
    if changes:
        set_automation(
            run.tx,
            segment.segment_id,
            active=active,
            trigger=trigger,
            now=run.now,
        )
        # Customers who entered before get nothing late: the next refresh starts remembering again.
        save_enrols_since(run.tx, segment.segment_id, None)
    if switched_on and segment.is_active:
        mark_held(run.tx, [segment.segment_id], now=run.now)
    if changes:
        told += _held(run, segment, active=active)
    if changes or any(one.before != one.after for one in planned):
        ids = [segment.segment_id]
        odd = stay_findings(run.tx, ids, steps)
        told += [f"warning: {finding}" for finding in odd]
    return AutomationOutcome(changes, told)


def _trigger(
    segment: Segment, planned: Sequence[PlannedStep], entry: SegmentEntry
) -> Trigger | None:
    """Return the segment's trigger, which in SPEC's layout applies to all its steps."""
    if entry.trigger or segment.trigger:
        return entry.trigger or segment.trigger
    return Trigger.ENTER if planned or entry.automation else None


def _end_other_trigger(run: StepsRun, segment: Segment, trigger: Trigger | None) -> list[str]:
    if segment.trigger is None or trigger is None:
        return []
    which = is_pending_in(run.tx.tables, [segment.segment_id], [segment.trigger.value])
    ended = stop(run.tx, which, reason=RETRIGGERED, now=run.now)
    return [f"the trigger is '{trigger}' now: {ended:,} scheduled rows end"] if ended else []


def _held(run: StepsRun, segment: Segment, *, active: bool) -> list[str]:
    waiting = sum(count_pending(run.tx, segment.segment_id).values())
    if not waiting:
        return []
    what = "go on" if active else "are held"
    return [f"{waiting:,} scheduled rows {what}"]


def _check(
    run: StepsRun,
    steps: Sequence[Step],
    planned: Sequence[PlannedStep],
    entry: SegmentEntry,
    changed: set[int],
    faults: FileFaults,
    *,
    all_of_them: bool,
) -> list[str]:
    """Add what keeps steps from being sent to `faults`; return what is odd about them."""
    references = StepReferences.load(run.tx, steps)
    before = {one.after.sequence_id: one for one in planned}
    told = []
    for step in (step for step in steps if step.is_active):
        one = before.get(step.sequence_id)
        touched = one is not None and one.before != one.after
        concerned = all_of_them or touched or {step.template_id, step.rule_id} & changed
        if not concerned:
            continue
        line = one.entry.lines[""] if one and one.entry else entry.lines[""]
        findings = step_findings(step, references, now=run.now)
        for error in errors(findings):
            faults.add(line, str(error))
        told += [f"warning: {found.where}: {found}" for found in warnings(findings)]
    if any(one.before != one.after for one in planned):
        told += [f"warning: {found.where}: {found}" for found in warnings(order_findings(steps))]
    return told
