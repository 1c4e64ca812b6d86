"""Checks whether a step's coupon can be made, and would be accepted at the checkout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from segmail.coupons import expires_at
from segmail.errors import CouponError
from segmail.maho.rules import Rule, definition_fault
from segmail.maho.steps import Step
from segmail.maho.storefront.locale import StoreLocale
from segmail.sequences.findings import StepFinding, step_error, step_warning
from segmail.sequences.references import StepReferences
from segmail.sequences.wanted_step import PREFIX

_WHOLE = 100  # percent
# Whether an expiry can be stored does not depend on a store's language and money.
_ANY_STORE = StoreLocale("en_US", "UTC", "USD", "USD")


def coupon_errors(
    step: Step, references: StepReferences, *, now: datetime
) -> Iterator[StepFinding]:
    """Yield the reasons why no coupon can be made for this step."""
    if not step.generate_coupon:
        return
    rule = references.rules.get(step.rule_id or 0)
    if fault := definition_fault(rule):
        what = f"{fault} (Maho refuses to save or refresh a segment with such a step.)"
        advice = "" if rule is None else "Fix the rule, or give the step another."
        yield step_error(step, what, advice)
    if rule is not None:
        for what in _for_nobody(step, rule, references):
            yield step_error(step, what, "Fix the rule, or give the step another.")
        try:
            expires_at(step.coupon_expires_days, _ANY_STORE, rule, now=now)
        except CouponError as error:
            yield step_error(step, str(error))


def coupon_warnings(
    step: Step, references: StepReferences, *, now: datetime
) -> Iterator[StepFinding]:
    """Yield reasons why coupons would fail today, or for some customers; and what is odd."""
    if not step.generate_coupon:
        return
    rule = references.rules.get(step.rule_id or 0)
    if rule is not None:
        for what in (*_rule_oddities(rule, now), *_not_for_all(step, rule, references)):
            yield step_warning(step, what)
    if step.coupon_prefix and not PREFIX.fullmatch(step.coupon_prefix):
        what = (
            f"The coupon prefix '{step.coupon_prefix}' is not what Maho's form accepts: letters "
            "A-Z and digits, at most 10 of them."
        )
        yield step_warning(step, what)


def _rule_oddities(rule: Rule, now: datetime) -> Iterator[str]:
    today = now.date()
    if rule.to_date is not None and rule.to_date < today:
        yield f"{rule.label} ended on {rule.to_date}; the step fails as long as it is over."
    if rule.from_date is not None and rule.from_date > today:
        yield f"{rule.label} starts on {rule.from_date}; until then the step fails."
    if rule.is_worthless:
        yield f"{rule.label} has no discount and no free shipping; its coupons are worth nothing."
    percent = rule.simple_action == "by_percent"
    if rule.discount_amount < 0 or (percent and rule.discount_amount > _WHOLE):
        amount = f"{rule.discount_amount.normalize():f}{' %' if percent else ''}"
        yield f"{rule.label} has a discount of {amount}, and its mails say so."


def _for_nobody(step: Step, rule: Rule, references: StepReferences) -> Iterator[str]:
    """Yield an error if the rule has none of the segment's websites, or none of its groups."""
    for what, wanted, allowed in _audience(step, rule, references):
        if wanted and not wanted & allowed:
            yield (
                f"{rule.label} is not valid in {what} {_listed(wanted)}, so nobody of the segment "
                "may use its coupons; each mail fails."
            )


def _not_for_all(step: Step, rule: Rule, references: StepReferences) -> Iterator[str]:
    for what, wanted, allowed in _audience(step, rule, references):
        if wanted & allowed and wanted - allowed:
            missing = _listed(wanted - allowed)
            told = f"{rule.label} is not valid in {what} {missing}"
            yield f"{told}; the step fails for its customers."


def _audience(
    step: Step, rule: Rule, references: StepReferences
) -> Iterator[tuple[str, frozenset[int], frozenset[int]]]:
    segment_id = step.segment.segment_id
    yield "website", references.websites[segment_id], rule.website_ids
    yield "customer group", references.groups[segment_id], rule.group_ids


def _listed(ids: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ids)))
