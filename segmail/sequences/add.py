"""Adds a step to a segment's sequence; adding it again can do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from segmail.errors import InputError
from segmail.findings import errors, warnings
from segmail.maho.lookup import find_segment
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.sequences.changes import StepChange
from segmail.sequences.checks import step_findings
from segmail.sequences.edit import edit_found
from segmail.sequences.existing_step import step_there
from segmail.sequences.numbers import next_number, number_faults, same_sequence
from segmail.sequences.order import order_findings
from segmail.sequences.overview import StepSummary, summarize
from segmail.sequences.references import StepReferences
from segmail.sequences.store import insert_step, lock_segment, record_trigger
from segmail.sequences.wanted_step import StepOptions, apply_options, blank_step


@dataclass(frozen=True)
class Added:
    """The step, whether it is new, and what is odd about it."""

    created: bool
    step: StepSummary
    warnings: list[str]
    changes: Sequence[StepChange] = ()  # of an existing step, with `update`


def add_step(
    shop: Shop,
    segment: str,
    options: StepOptions,
    *,
    if_missing: bool,
    update: bool = False,
    now: datetime,
) -> Added:
    """Add a step to the segment that `segment` names, according to `options`.

    Without a step number it comes last. With `if_missing`, an existing step is left alone: the one
    with this number, or without a number the one with this template. With `update`, it is changed
    as the options say; what they do not say stays.

    Raises InputError with every fault at once; also if the existing step differs.
    """

    def work(tx: Transaction) -> Added:
        wish = _Wish(options, if_missing or update, update)
        return _add(tx, segment, wish, now=now)

    try:
        return shop.transact(work)
    except IntegrityError as error:
        raise InputError(
            f"A step of '{segment}' with the same number was added a moment ago, or the template "
            "or sales rule was deleted; look with `segmail sequence list` and try again."
        ) from error


@dataclass(frozen=True)
class _Wish:
    options: StepOptions
    if_missing: bool
    update: bool


def _add(tx: Transaction, segment_name: str, wish: _Wish, *, now: datetime) -> Added:
    options = wish.options
    segment = find_segment(tx, segment_name)
    lock_segment(tx, segment.segment_id)
    step, faults = apply_options(tx, blank_step(segment), options)
    others = same_sequence(tx, step)
    if options.trigger is not None:
        record_trigger(tx, step, now=now)
    if wish.if_missing and not faults:
        there = step_there(others, step, options, update=wish.update)
        if there and wish.update:
            done = edit_found(tx, there, options, now=now)
            return Added(False, done.step, done.warnings, done.changes)
        if there:
            return Added(False, summarize(tx, [there])[0], [])
    step = replace(step, step_number=options.step_number or next_number(others))
    return _insert(tx, step, others, faults, now=now)


def _insert(
    tx: Transaction,
    step: Step,
    others: Sequence[Step],
    faults: Sequence[str],
    *,
    now: datetime,
) -> Added:
    findings = step_findings(step, StepReferences.load(tx, [step]), now=now)
    faults = [*faults, *number_faults(others, step), *map(str, errors(findings))]
    if faults:
        raise InputError("\n".join(faults))
    step = replace(step, sequence_id=insert_step(tx, step, now=now))
    sequence = sorted([*others, step], key=lambda other: other.step_number)
    findings += [f for f in order_findings(sequence) if f.where.sequence_id == step.sequence_id]
    told = [str(warning) for warning in warnings(findings)]
    return Added(True, summarize(tx, [step])[0], told)
