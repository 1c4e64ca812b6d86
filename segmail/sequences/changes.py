"""How two versions of a step differ, in the words of the command line."""

from __future__ import annotations

from dataclasses import dataclass

from segmail.maho.steps import Step
from segmail.sequences.delays import format_delay


@dataclass(frozen=True)
class StepChange:
    """A field by the name of its option, and its values; templates and rules by id."""

    field: str
    before: str
    after: str


def changes_between(before: Step, after: Step) -> list[StepChange]:
    """Return the fields in which `after` differs from `before`.

    Coupon settings of a step without coupons have no meaning, so they do not count.
    """
    old, new = _fields(before), _fields(after)
    return [StepChange(name, old[name], new[name]) for name in old if old[name] != new[name]]


def _fields(step: Step) -> dict[str, str]:
    return {
        "trigger": step.trigger.value,
        "step": str(step.step_number),
        "template": str(step.template_id),
        "delay": format_delay(step.delay_minutes),
        "max-sends": str(step.max_sends),
        "repeat": step.policy.told()["repeat"],
        "expiry": step.policy.expiry,
        "active": "yes" if step.is_active else "no",
        **_coupon_fields(step),
    }


def _coupon_fields(step: Step) -> dict[str, str]:
    if not step.generate_coupon:
        return dict.fromkeys(("coupon", "prefix", "expires-days"), "none")
    return {
        "coupon": str(step.rule_id or "without a rule"),
        "prefix": step.coupon_prefix or "none",
        "expires-days": str(step.coupon_expires_days),
    }
