"""Switches steps on and off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from segmail.errors import ConfigError, Fault
from segmail.findings import errors
from segmail.log import logger
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step
from segmail.sequences.checks import step_findings
from segmail.sequences.find import find_steps, label
from segmail.sequences.references import StepReferences
from segmail.sequences.store import set_active, skip_scheduled
from segmail.sequences.validate import automation_warnings


@dataclass(frozen=True)
class SwitchedStep:
    """A step that was to be switched; `changed` is False if it was so before."""

    sequence_id: int
    step: str
    changed: bool
    skipped: int  # scheduled rows that will not be sent


@dataclass(frozen=True)
class Switched:
    """The result for the steps, and what is wrong with their segments now."""

    steps: list[SwitchedStep]
    warnings: list[str]


def enable_steps(shop: Shop, given: Sequence[str], *, now: datetime) -> Switched:
    """Switch steps on. Rows that were skipped while they were off stay skipped.

    Raises ConfigError with every reason why one of them could not be sent; then none is switched.
    Raises InputError if `given` names no step.
    """

    def work(tx: Transaction) -> Switched:
        steps = find_steps(tx, given)
        require_sendable(tx, steps, now=now)
        done = [_enable(tx, step, now=now) for step in steps]
        return Switched(done, automation_warnings(tx, _segments(steps)))

    return shop.transact(work)


def disable_steps(shop: Shop, given: Sequence[str], *, now: datetime) -> Switched:
    """Switch steps off and skip their scheduled rows, as Maho does; all of them or none.

    Raises InputError if `given` names no step.
    """

    def work(tx: Transaction) -> Switched:
        steps = find_steps(tx, given)
        done = [_disable(tx, step, now=now) for step in steps]
        return Switched(done, automation_warnings(tx, _segments(steps)))

    switched = shop.transact(work)
    for step in switched.steps:
        log_skipped(step.sequence_id, step.step, step.skipped)
    return switched


def require_sendable(tx: Transaction, steps: Sequence[Step], *, now: datetime) -> None:
    """Raise ConfigError with every reason why one of the steps could not be sent."""
    references = StepReferences.load(tx, steps)
    faults = [
        Fault(f"{finding.where}: {finding.what}", finding.advice)
        for step in steps
        for finding in errors(step_findings(step, references, now=now))
    ]
    if faults:
        raise ConfigError(faults)


def log_skipped(sequence_id: int, step: str, skipped: int) -> None:
    """Log why rows were skipped."""
    if skipped:
        logger.info(
            "Skipped %s scheduled emails of sequence %d (%s): the step was switched off",
            f"{skipped:,}",
            sequence_id,
            step,
        )


def _enable(tx: Transaction, step: Step, *, now: datetime) -> SwitchedStep:
    if not step.is_active:
        set_active(tx, step.sequence_id, active=True, now=now)
    return SwitchedStep(step.sequence_id, label(step), not step.is_active, 0)


def _disable(tx: Transaction, step: Step, *, now: datetime) -> SwitchedStep:
    if step.is_active:
        set_active(tx, step.sequence_id, active=False, now=now)
    skipped = skip_scheduled(tx, step.sequence_id, now=now)
    return SwitchedStep(step.sequence_id, label(step), step.is_active, skipped)


def _segments(steps: Sequence[Step]) -> list[Segment]:
    return list({step.segment.segment_id: step.segment for step in steps}.values())
