"""Checks whether a step can be sent.

These are the checks of Maho's own form and of SPEC, and those that find a mail which could never be
sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from segmail.errors import TemplateError
from segmail.lint import Letter, unmet_coupon_reads
from segmail.maho.newsletters import compile_newsletter
from segmail.maho.steps import Step
from segmail.sequences.coupon_checks import coupon_errors, coupon_warnings
from segmail.sequences.findings import StepFinding, step_error, step_warning
from segmail.sequences.lent_coupons import lender_of
from segmail.sequences.references import StepReferences
from segmail.sequences.wanted_step import NOT_CHOSEN

_FORM = "in Maho under Newsletter > Newsletter Templates"
_CODE = "coupon_code"


def step_findings(step: Step, references: StepReferences, *, now: datetime) -> list[StepFinding]:
    """Return what is wrong with one step; `now` decides whether a sales rule has ended.

    A step whose template is not chosen yet is checked without it.
    """
    return [
        *_newsletter_errors(step, references),
        *coupon_errors(step, references, now=now),
        *coupon_warnings(step, references, now=now),
        *_variable_warnings(step, references),
    ]


def _newsletter_errors(step: Step, references: StepReferences) -> Iterator[StepFinding]:
    newsletter = references.newsletters.get(step.template_id)
    if newsletter is None:
        if step.template_id != NOT_CHOSEN:
            what = f"Newsletter template {step.template_id} does not exist."
            yield step_error(step, what, "Choose another.")
        return
    if not newsletter.is_actual:
        what = f"{newsletter.label} is a copy of a former version."
        yield step_error(step, what, "Choose the current one.")
    for value, name in (
        (newsletter.sender_name, "sender name"),
        (newsletter.sender_email, "sender e-mail address"),
        (newsletter.subject, "subject"),
        (newsletter.text, "text"),
    ):
        if value.strip() in ("", "0"):  # what Maho treats as empty
            what = f"{newsletter.label} has no {name}, so no mail can be sent."
            yield step_error(step, what, f"Set it {_FORM}.")
    try:
        compile_newsletter(newsletter)
    except TemplateError as error:
        what = f"{newsletter.label} cannot be used: {error}"
        yield step_error(step, what, f"Mend it {_FORM}.")


def _variable_warnings(step: Step, references: StepReferences) -> Iterator[StepFinding]:
    """Return warnings if the template shows a coupon the step does not make, or the reverse."""
    newsletter = references.newsletters.get(step.template_id)
    if newsletter is None:
        return
    try:
        compiled = compile_newsletter(newsletter)
    except TemplateError:
        return  # already an error
    needs = (compiled.subject.needs, compiled.body.needs)
    shown = any(_CODE in need.variables for need in needs)
    included = any(
        need.everything or need.templates or need.emails or need.blocks for need in needs
    )
    if not step.generate_coupon and lender_of(step, references.neighbours) is None:
        for name, line in unmet_coupon_reads(Letter.of(newsletter)).items():
            what = (
                f"{newsletter.label} shows {{{{var {name}}}}}, but the step makes no coupon "
                f"(line {line})."
            )
            yield step_warning(step, what)
    if step.generate_coupon and not shown and not included:
        what = f"A coupon is made, but {newsletter.label} does not show {{{{var {_CODE}}}}}."
        yield step_warning(step, what)
