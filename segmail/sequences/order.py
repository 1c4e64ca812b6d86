"""What is odd about the steps of a sequence taken together: order, gaps, repetitions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from segmail.maho.steps import Step
from segmail.sequences.delays import format_delay
from segmail.sequences.find import label
from segmail.sequences.findings import StepFinding, step_error, step_warning


def order_findings(steps: Sequence[Step]) -> list[StepFinding]:
    """Return what is odd about sequences.

    `steps` may be of any segments, sorted by segment, trigger and number as `load_steps` does.
    Steps that are switched off count for gaps only.
    """
    found: list[StepFinding] = []
    for _, group in itertools.groupby(steps, key=lambda s: (s.segment.segment_id, s.trigger)):
        sequence = list(group)
        active = [step for step in sequence if step.is_active]
        found += [*_gaps(sequence), *_out_of_order(active), *_repeated(active)]
    return found


def _gaps(sequence: Sequence[Step]) -> Iterator[StepFinding]:
    before = 0
    for step in sequence:
        if step.step_number == before:
            text = f"There is another step {before} beside it; customers receive both."
            yield step_error(step, text)
        elif step.step_number > before + 1:
            first, last = before + 1, step.step_number - 1
            missing = f"step {first} is" if first == last else f"steps {first} to {last} are"
            yield step_warning(step, f"Before it {missing} missing.")
        before = step.step_number


def _out_of_order(active: Sequence[Step]) -> Iterator[StepFinding]:
    """Yield warnings about steps sent before preceding ones: delays count from the beginning."""
    for before, step in itertools.pairwise(active):
        if step.delay_minutes < before.delay_minutes:
            text = (
                f"It is sent {_when(step)}, sooner than {label(before)}, which is sent "
                f"{_when(before)}; delays count from the beginning, not from the step before."
            )
            yield step_warning(step, text)


def _repeated(active: Sequence[Step]) -> Iterator[StepFinding]:
    seen: dict[tuple[int, int], Step] = {}
    for step in active:
        twin = seen.setdefault((step.template_id, step.delay_minutes), step)
        if twin is not step:
            text = f"It sends the same template at the same time as {label(twin)}."
            yield step_warning(step, text)


def _when(step: Step) -> str:
    delay = format_delay(step.delay_minutes)
    return f"after {delay}" if step.delay_minutes else delay
