"""Changes a step; mails that are already scheduled keep their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from segmail.coupons import remember_prefix_of
from segmail.errors import InputError
from segmail.findings import errors, warnings
from segmail.maho.customer_conditions import RETRIGGERED
from segmail.maho.progress import is_of_step, stop
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.sequences.changes import StepChange, changes_between
from segmail.sequences.checks import step_findings
from segmail.sequences.find import find_steps
from segmail.sequences.numbers import number_faults, same_sequence
from segmail.sequences.overview import StepSummary, summarize
from segmail.sequences.references import StepReferences
from segmail.sequences.store import (
    lock_segment,
    record_trigger,
    skip_scheduled,
    update_step,
)
from segmail.sequences.switch import log_skipped
from segmail.sequences.validate import automation_warnings
from segmail.sequences.wanted_step import StepOptions, apply_options


@dataclass(frozen=True)
class Edited:
    """The step as it is now, what changed, and the effect on its scheduled rows."""

    step: StepSummary
    changes: list[StepChange]
    skipped: int  # rows that will not be sent, because the step was switched off
    retriggered: int  # rows that will not be sent, because they have the other trigger
    kept: int  # rows that keep their scheduled time although the delay changed
    warnings: list[str]


def edit_step(shop: Shop, given: str, options: StepOptions, *, now: datetime) -> Edited:
    """Change the step that `given` names according to `options`.

    Raises InputError with every fault at once. A step that is switched off, or is being switched
    off, may have a template or sales rule that cannot be used.
    """
    if options == StepOptions():
        raise InputError("Nothing to change: give an option, such as --delay '3 days'.")

    def work(tx: Transaction) -> Edited:
        return _edit(tx, given, options, now=now)

    try:
        edited = shop.transact(work)
    except IntegrityError as error:
        raise InputError(
            f"Step '{given}' cannot be changed: another one got its number a moment ago, or its "
            "template or sales rule was deleted; look with `segmail sequence list` and try again."
        ) from error
    log_skipped(edited.step.sequence_id, edited.step.label, edited.skipped)
    return edited


def _edit(tx: Transaction, given: str, options: StepOptions, *, now: datetime) -> Edited:
    [before] = find_steps(tx, [given])
    lock_segment(tx, before.segment.segment_id)
    return edit_found(tx, before, options, now=now)


def edit_found(tx: Transaction, before: Step, options: StepOptions, *, now: datetime) -> Edited:
    """Change a step whose segment is locked, in the caller's transaction; see `edit_step`."""
    after, odd = _checked(tx, before, options, now=now)
    if options.trigger is not None:
        record_trigger(tx, after, now=now)
    changes = changes_between(before, after)
    if changes:
        remember_prefix_of(tx, before)
        update_step(tx, before, after, now=now)
    retriggered = 0
    if after.trigger is not before.trigger and tx.tables.layout is Layout.SHIPPED:
        which = is_of_step(tx.tables, before.sequence_id)
        retriggered = stop(tx, which, reason=RETRIGGERED, now=now)
    switched_off = before.is_active and not after.is_active
    skipped = skip_scheduled(tx, before.sequence_id, now=now) if switched_off else 0
    [summary] = summarize(tx, [after])
    moved = any(change.field == "delay" for change in changes)
    return Edited(
        step=summary,
        changes=changes,
        skipped=skipped,
        retriggered=retriggered,
        kept=summary.waiting if moved else 0,
        warnings=[*odd, *automation_warnings(tx, [after.segment])],
    )


def _checked(
    tx: Transaction, before: Step, options: StepOptions, *, now: datetime
) -> tuple[Step, list[str]]:
    """Return the step as it is to be, and what is odd about it; raise InputError with faults."""
    after, faults = apply_options(tx, before, options)
    findings = step_findings(after, StepReferences.load(tx, [after]), now=now)
    faults += number_faults(same_sequence(tx, after), after)
    if after.is_active:
        faults += map(str, errors(findings))
    if faults:
        raise InputError("\n".join(faults))
    return after, [str(warning) for warning in warnings(findings)]
