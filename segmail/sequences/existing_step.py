"""Finds the existing step that `sequence add --if-missing` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segmail.errors import InputError
from segmail.maho.steps import Step
from segmail.sequences.changes import changes_between
from segmail.sequences.find import label
from segmail.sequences.wanted_step import StepOptions


def step_there(
    others: Sequence[Step], step: Step, options: StepOptions, *, update: bool = False
) -> Step | None:
    """Return the one of `others` that `step` would repeat; None if there is none.

    It is the one with the number asked for; without a number, one with this template, with the
    fewest differences. A script that runs again must get exactly what it asked for, and never a
    second step that sends the same mail: so a step that differs in anything raises InputError,
    unless the caller wants to `update` it.
    """
    found = [other for other in others if _is_meant(other, step, options)]
    found.sort(key=lambda other: len(_differences(other, step, options)))
    if not found:
        return None
    there = found[0]
    differences = _differences(there, step, options)
    if differences and not update:
        raise InputError(
            f"{label(there)} exists (sequence {there.sequence_id}), but differs: "
            f"{', '.join(differences)}. --update changes it; --step N adds another one."
        )
    return there


def _is_meant(other: Step, step: Step, options: StepOptions) -> bool:
    if options.step_number is not None:
        return other.step_number == options.step_number
    return other.template_id == step.template_id


def _differences(other: Step, step: Step, options: StepOptions) -> list[str]:
    if options.step_number is None:
        step = replace(step, step_number=other.step_number)
    return [
        f"{change.field} is {change.before}, not {change.after}"
        for change in changes_between(other, step)
    ]
