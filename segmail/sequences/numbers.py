"""The numbers of the steps in a sequence: unique, gaps allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, load_steps
from segmail.sequences.find import label

MAX_NUMBER = 2_147_483_647  # the most that the columns of both layouts can hold


def same_sequence(tx: Transaction, step: Step) -> list[Step]:
    """Return the other steps among which the number of `step` must be unique.

    In Maho's layout those with its trigger; in SPEC's layout all of its segment, because there the
    segment has one trigger.
    """
    steps = load_steps(tx, segment_ids=[step.segment.segment_id])
    others = [other for other in steps if other.sequence_id != step.sequence_id]
    if tx.tables.layout is Layout.SPEC:
        return [replace(other, trigger=step.trigger) for other in others]
    return [other for other in others if other.trigger is step.trigger]


def next_number(others: Sequence[Step]) -> int:
    """Return the number that follows all of `others`."""
    return max((other.step_number for other in others), default=0) + 1


def number_faults(others: Sequence[Step], step: Step) -> list[str]:
    """Return why `step` cannot have its number beside `others`; [] if it can."""
    if step.step_number > MAX_NUMBER:
        return [f"No step number comes after {MAX_NUMBER}; choose a free one with --step."]
    return [
        f"{label(step)} exists already (sequence {other.sequence_id}); {_advice(others)}, and "
        f"`segmail sequence edit {other.sequence_id}` changes it."
        for other in others
        if other.step_number == step.step_number
    ]


def _advice(others: Sequence[Step]) -> str:
    number = next_number(others)
    if number > MAX_NUMBER:
        return "choose another number"
    return f"the next free number is {number}"
