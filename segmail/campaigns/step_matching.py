"""Matches a file's steps with the shop's: steps have no names.

A step is recognised by its template, steps with the same template by their order. A step in the
same place with another template, and no other difference, is an edit. Every other step is new, or
left over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segmail.maho.steps import Step, Trigger


@dataclass(frozen=True)
class WantedStep:
    """A step of a file: its template, and the trigger that the file gives (None: none)."""

    template_id: int
    trigger: Trigger | None


def match_steps(
    existing: Sequence[Step],
    wanted: Sequence[WantedStep],
    only_template_differs: Callable[[Step, int], bool],
) -> list[Step | None]:
    """Return, for each wanted step, the matching step of the shop; None if it is new.

    `existing` are one segment's, in order. `only_template_differs` tells whether a step has
    everything that the file says of the wanted step with this index, except the template.
    """
    found: list[Step | None] = [None] * len(wanted)
    left = list(existing)
    for same_trigger in (True, False):
        for index, one in enumerate(wanted):
            if found[index] is None:
                found[index] = _take(left, one, same_trigger=same_trigger)
    places = _places(existing)
    for index, one in enumerate(wanted):
        if found[index] is not None:
            continue
        step = places.get((one.trigger, _place(wanted, index))) or places.get((None, index + 1))
        if step is not None and step in left and only_template_differs(step, index):
            left.remove(step)
            found[index] = step
    return found


def number_steps(wanted: Sequence[Step], taken: Sequence[int]) -> list[int]:
    """Return the numbers of steps in order: each keeps its own if that is possible.

    `taken` are the numbers of other steps, which stay. A new step's number is 0.
    """
    numbers: list[int] = []
    last = 0
    for step in wanted:
        number = step.step_number
        if number <= last or number in taken:
            number = last + 1
            while number in taken:
                number += 1
        numbers.append(number)
        last = number
    return numbers


def _take(left: list[Step], wanted: WantedStep, *, same_trigger: bool) -> Step | None:
    for step in left:
        if step.template_id != wanted.template_id:
            continue
        if not same_trigger or wanted.trigger in (None, step.trigger):
            left.remove(step)
            return step
    return None


def _places(existing: Sequence[Step]) -> dict[tuple[Trigger | None, int], Step]:
    """Return the steps by trigger and place among the steps with it, and by place among all."""
    places: dict[tuple[Trigger | None, int], Step] = {}
    counts: dict[Trigger, int] = {}
    for index, step in enumerate(existing):
        counts[step.trigger] = counts.get(step.trigger, 0) + 1
        places[step.trigger, counts[step.trigger]] = step
        places[None, index + 1] = step
    return places


def _place(wanted: Sequence[WantedStep], index: int) -> int:
    trigger = wanted[index].trigger
    return sum(one.trigger is trigger for one in wanted[: index + 1])
