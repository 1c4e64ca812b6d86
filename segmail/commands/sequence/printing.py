"""Steps and their progress rows, in words and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from segmail.commands.words import print_warnings, rows, yes_no
from segmail.maho.progress import ProgressStatus
from segmail.output import print_table
from segmail.sequences.edit import Edited
from segmail.sequences.findings import StepFinding
from segmail.sequences.overview import StepSummary
from segmail.sequences.switch import Switched


def describe(step: StepSummary) -> str:
    """Return a step in one line: what it sends, when, and with which coupon."""
    delay = step.delay if step.delay_minutes == 0 else f"after {step.delay}"
    parts = [f"template '{step.template}' {delay}"]
    if step.generate_coupon:
        parts.append(f"with {_coupon(step)}")
    if step.repeat != "none":
        parts.append(f"again {step.repeat}")
    if not step.is_active:
        parts.append("switched off")
    return f"{step.label} (sequence {step.sequence_id}): {', '.join(parts)}"


def history(step: StepSummary) -> str:
    """Return a sentence about the progress rows that are deleted with a step."""
    counts = {status: count for status, count in step.progress.items() if count}
    if not counts:
        return "It has no progress rows."
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    return f"Progress rows that go with it: {told}."


def print_steps(steps: Iterable[StepSummary]) -> None:
    """Print a table of steps."""
    columns = ("Id", "Step", "Template", "Delay", "Active", "Coupon", "Max", *_STATUSES)
    found = list(steps)
    print_table("Steps", columns, [_row(step) for step in found])
    if any(None in step.progress.values() for step in found):
        click.echo("Finished rows are not counted, as there are so many; --totals counts them.")


def print_step(step: StepSummary) -> None:
    """Print everything about one step."""
    lines = [
        ("Sequence id", step.sequence_id),
        ("Segment", f"{step.segment} (id {step.segment_id})"),
        ("Trigger", step.trigger.value),
        ("Number", step.step_number),
        ("Template", f"{step.template} (id {step.template_id})"),
        ("Delay", f"{step.delay} ({step.delay_minutes} minutes)"),
        ("Active", yes_no(step.is_active)),
        ("Repeat", step.repeat),
        ("Expiry", step.expiry),
        ("Sends per customer", step.most_sends or "without limit"),
        ("Coupon", _coupon(step) if step.generate_coupon else "none"),
        *((status, _count(step, status)) for status in _STATUSES),
    ]
    print_table(step.label, ("", ""), lines)


def print_changes(edited: Edited) -> None:
    """Print what an edit changed."""
    if not edited.changes:
        click.echo(f"{edited.step.label} is so already; nothing was changed.")
        return
    told = ", ".join(f"{c.field} {c.before} → {c.after}" for c in edited.changes)
    click.echo(f"Changed {edited.step.label} (sequence {edited.step.sequence_id}): {told}.")
    if edited.skipped:
        click.echo(f"Skipped {rows(edited.skipped, 'scheduled')}.")
    if edited.retriggered:
        scheduled = rows(edited.retriggered, "scheduled")
        click.echo(f"Skipped, being for the other trigger: {scheduled}.")
    if edited.kept:
        click.echo(f"Left at the time they had: {rows(edited.kept, 'scheduled')}.")


def print_switched(switched: Switched, state: str) -> None:
    """Print which steps were switched `on` or `off`, and what was skipped."""
    for step in switched.steps:
        done = f"is {state} now" if step.changed else f"was {state} already"
        skipped = f"; skipped {rows(step.skipped, 'scheduled')}" if step.skipped else ""
        click.echo(f"{step.step} (sequence {step.sequence_id}) {done}{skipped}.")
    print_warnings(switched.warnings)


def print_findings(findings: Sequence[StepFinding]) -> None:
    """Print a table of findings, or that there are none."""
    if not findings:
        click.echo("No faults found.")
        return
    lines = [(one.severity, one.where, one.where.sequence_id, one) for one in findings]
    print_table("Findings", ("Severity", "Where", "Id", "What"), lines)


_STATUSES = tuple(status.value.capitalize() for status in ProgressStatus)


def _row(step: StepSummary) -> tuple[object, ...]:
    return (
        step.sequence_id,
        step.label,
        step.template,
        step.delay,
        yes_no(step.is_active),
        _coupon(step) if step.generate_coupon else "",
        step.most_sends or "any",
        *(_count(step, status) for status in _STATUSES),
    )


def _count(step: StepSummary, status: str) -> str:
    count = step.progress[status.lower()]
    return "" if count is None else f"{count:,}"


def _coupon(step: StepSummary) -> str:
    prefix = f" {step.coupon_prefix}…" if step.coupon_prefix else ""
    days = f" for {step.coupon_expires_days} days" if step.coupon_expires_days else ""
    return f"coupon{prefix} of '{step.rule or 'no rule'}'{days}"
