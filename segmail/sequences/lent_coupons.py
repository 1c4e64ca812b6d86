"""Finds the step whose coupon a step without its own shows."""

from __future__ import annotations

from collections.abc import Iterable

from segmail.maho.steps import Step


def lender_of(step: Step, steps: Iterable[Step]) -> Step | None:
    """Return the last step before `step` in its sequence that makes a coupon; None without one.

    `steps` may include other sequences; steps that are switched off make no coupon.
    """
    place = (step.segment.segment_id, step.trigger)
    before = [
        other
        for other in steps
        if (other.segment.segment_id, other.trigger) == place
        and other.step_number < step.step_number
        and other.is_active
        and other.generate_coupon
    ]
    return max(before, key=lambda other: other.step_number, default=None)
