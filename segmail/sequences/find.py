"""Finds the steps that arguments mean: by sequence id, or as `SEGMENT:TRIGGER:NUMBER`."""

from __future__ import annotations

from collections.abc import Sequence

from segmail.errors import InputError
from segmail.maho.lookup import Named, as_number, find_named
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Segment, Step, Trigger, load_segments, load_steps


def label(step: Step) -> str:
    """Return a step as people name it: `VIP:enter:2`."""
    return f"{step.segment.name}:{step.trigger.value}:{step.step_number}"


def find_steps(tx: Transaction, given: Sequence[str]) -> list[Step]:
    """Return the steps that `given` names, each once, in that order.

    Raises InputError listing everything in `given` that names no step.
    """
    steps = load_steps(tx)
    segments = load_segments(tx)
    found: dict[int, Step] = {}
    faults = []
    for name in given:
        try:
            step = _find(segments, steps, name)
            found[step.sequence_id] = step
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    return list(found.values())


def _find(segments: Sequence[Segment], steps: Sequence[Step], given: str) -> Step:
    number = as_number(given)
    if number is not None:
        by_id = [step for step in steps if step.sequence_id == number]
        if not by_id:
            raise InputError(f"There is no step {given}; `segmail sequence list` shows them.")
        return by_id[0]
    segment, trigger, step_number = _split(given)
    named = find_named("segment", [Named(s.segment_id, s.name) for s in segments], segment)
    for step in steps:
        if (step.segment.segment_id, step.trigger, step.step_number) == (
            named.id,
            trigger,
            step_number,
        ):
            return step
    there = [label(step) for step in steps if step.segment.segment_id == named.id]
    hint = f"it has {', '.join(there)}" if there else "it has no steps yet"
    raise InputError(f"'{named.name}' has no step {trigger.value}:{step_number}; {hint}.")


def _split(given: str) -> tuple[str, Trigger, int]:
    """Split `SEGMENT:TRIGGER:NUMBER`; the segment's name may itself contain colons."""
    segment, _, rest = given.rpartition(":")
    segment, _, trigger = segment.rpartition(":")
    number = as_number(rest)
    if not segment or trigger.lower() not in list(Trigger) or number is None:
        raise InputError(
            f"'{given}' is not a step; give its sequence id or SEGMENT:TRIGGER:NUMBER, "
            "such as 'VIP:enter:2'."
        )
    return segment, Trigger(trigger.lower()), number
