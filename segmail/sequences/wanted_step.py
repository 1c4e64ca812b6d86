"""What a person wants a step to be, and the step that results."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from segmail.errors import InputError
from segmail.maho.lookup import find_rule, find_template
from segmail.maho.repeats import ALLOWED as REPEATS
from segmail.maho.repeats import Repeat
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import EXPIRIES
from segmail.maho.steps import Segment, Step, Trigger
from segmail.sending_rules import RULES
from segmail.sequences.delays import parse_delay

NOT_STORED = 0  # the sequence id of a step that is not stored yet
NOT_CHOSEN = 0  # the template id of a step whose template is not known yet

DEFAULT_EXPIRES_DAYS = 30  # the columns' default
PREFIX = re.compile(r"[A-Za-z0-9]{1,10}")  # what Maho's form accepts; the column holds 50


@dataclass(frozen=True)
class StepOptions:
    """The options of `sequence add` and `sequence edit`; None if one is not given."""

    template: str | None = None
    trigger: Trigger | None = None
    step_number: int | None = None
    delay: str | None = None
    max_sends: int | None = None
    repeat: str | None = None
    expiry: str | None = None
    coupon: str | None = None
    no_coupon: bool = False
    prefix: str | None = None
    expires_days: int | None = None
    active: bool | None = None


def blank_step(segment: Segment) -> Step:
    """Return the step that `sequence add` starts from: Maho's defaults, no template, number 0."""
    return Step(
        sequence_id=NOT_STORED,
        segment=segment,
        trigger=segment.trigger or Trigger.ENTER,
        step_number=0,
        template_id=NOT_CHOSEN,
        delay_minutes=0,
        is_active=True,
        max_sends=1,
        generate_coupon=False,
        rule_id=None,
        coupon_prefix=None,
        coupon_expires_days=DEFAULT_EXPIRES_DAYS,
    )


def apply_options(tx: Transaction, step: Step, options: StepOptions) -> tuple[Step, list[str]]:
    """Return `step` with the options applied, and every fault in the options.

    An option with a fault leaves its part of the step as it was.
    """
    parts: tuple[Callable[[], dict[str, Any]], ...] = (
        lambda: _trigger(tx.tables.layout, step, options),
        lambda: _template(tx, options),
        lambda: _delay(options),
        lambda: _policy(step, options),
        lambda: _coupon(tx, options),
        lambda: _coupon_settings(step, options),
        lambda: _plain(options),
    )
    changes: dict[str, Any] = {}
    faults: list[str] = []
    for part in parts:
        try:
            changes |= part()
        except InputError as error:
            faults.append(str(error))
    return replace(step, **changes), faults


def _trigger(layout: Layout, step: Step, options: StepOptions) -> dict[str, Any]:
    """Return the trigger; in SPEC's layout it is the segment's own, the same for all its steps."""
    asked, segment = options.trigger, step.segment
    if asked is None:
        return {}
    if layout is Layout.SPEC and segment.trigger not in (None, asked):
        raise InputError(
            f"--trigger {asked.value}: the segment '{segment.name}' has the trigger "
            f"'{segment.trigger}', and in this shop all steps of a segment share it. To switch: "
            f"segmail segment automation {segment.segment_id} on --trigger {asked.value}"
        )
    return {"trigger": asked}


def _template(tx: Transaction, options: StepOptions) -> dict[str, Any]:
    if options.template is None:
        return {}
    return {"template_id": find_template(tx, options.template).id}


def _delay(options: StepOptions) -> dict[str, Any]:
    return {} if options.delay is None else {"delay_minutes": parse_delay(options.delay)}


def _policy(step: Step, options: StepOptions) -> dict[str, Any]:
    policy = step.policy
    if options.repeat is not None:
        try:
            policy = replace(policy, repeat=Repeat.read(options.repeat))
        except ValueError as error:
            raise InputError(f"--repeat '{options.repeat}': it must be {REPEATS}.") from error
    if options.expiry is not None:
        try:
            policy = replace(policy, expiry=RULES["expiry"].plain(options.expiry))
        except ValueError as error:
            raise InputError(f"--expiry '{options.expiry}': it must be {EXPIRIES}.") from error
    return {"policy": policy}


def _coupon(tx: Transaction, options: StepOptions) -> dict[str, Any]:
    if options.no_coupon:
        if options.coupon is not None:
            raise InputError("--coupon and --no-coupon contradict each other.")
        return {
            "generate_coupon": False,
            "rule_id": None,
            "coupon_prefix": None,
            "coupon_expires_days": DEFAULT_EXPIRES_DAYS,
        }
    if options.coupon is None:
        return {}
    rule = find_rule(tx, options.coupon)
    return {"generate_coupon": True, "rule_id": rule.id}


def _coupon_settings(step: Step, options: StepOptions) -> dict[str, Any]:
    given = [
        name
        for name, value in (("--prefix", options.prefix), ("--expires-days", options.expires_days))
        if value is not None
    ]
    if not given:
        return {}
    if options.coupon is None and (options.no_coupon or not step.generate_coupon):
        raise InputError(f"{' and '.join(given)}: only with --coupon RULE.")
    changes: dict[str, Any] = {}
    if options.prefix is not None:
        changes["coupon_prefix"] = _prefix(options.prefix)
    if options.expires_days is not None:
        changes["coupon_expires_days"] = options.expires_days
    return changes


def _prefix(given: str) -> str:
    if not PREFIX.fullmatch(given):
        raise InputError(f"--prefix '{given}': only letters A-Z and digits, at most 10 of them.")
    return given.upper()  # codes are upper case anyway


def _plain(options: StepOptions) -> dict[str, Any]:
    given = {
        "step_number": options.step_number,
        "max_sends": options.max_sends,
        "is_active": options.active,
    }
    return {name: value for name, value in given.items() if value is not None}
