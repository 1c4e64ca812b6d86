"""Finds steps that come too late for customers in the segment, and carts that are too old."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from segmail.errors import ConditionError, ConfigError
from segmail.findings import Severity
from segmail.maho.policies import Goal
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, Trigger
from segmail.segments.conditions.read import read_conditions
from segmail.segments.refresh.candidates import Candidate, load_candidates
from segmail.segments.stay import NO_COUPON, stay_oddities
from segmail.sequences.find import label
from segmail.sequences.findings import StepFinding, segment_finding


def stay_findings(
    tx: Transaction, segment_ids: Collection[int], steps: Sequence[Step]
) -> list[StepFinding]:
    """Return what the passing of time does to these segments, all of whose steps are given."""
    try:
        candidates = load_candidates(tx, segment_ids)
    except ConfigError:
        return []  # invalid policies are reported elsewhere
    return [
        segment_finding(Severity.WARNING, one.segment, f"'{one.segment.name}': {odd}.")
        for one in candidates
        for odd in _oddities(one, steps)
    ]


def _oddities(one: Candidate, steps: Sequence[Step]) -> list[str]:
    """Return what the passing of time does to a segment that has active steps."""
    try:
        tree = read_conditions(one.conditions)
    except ConditionError:
        return []  # reported elsewhere
    mine = [
        (label(step), timedelta(minutes=step.delay_minutes))
        for step in steps
        if step.segment.segment_id == one.id and step.is_active and step.trigger is Trigger.ENTER
    ]
    if not mine:
        return []
    odd = stay_oddities(tree, mine, stops_on_exit=one.policy.stops_on_exit)
    own = [step for step in steps if step.segment.segment_id == one.id and step.is_active]
    if one.policy.goal == Goal.COUPON and not any(step.generate_coupon for step in own):
        odd.append(NO_COUPON)
    return odd
