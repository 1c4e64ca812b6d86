"""Whether a step can do its work.

The checks of Maho's own form and of SPEC, and those that tell a mail which could never be sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from segmail.errors import Fault, TemplateError
from segmail.lint import Letter, unmet_coupon_reads
from segmail.maho.newsletters import compile_newsletter
from segmail.maho.steps import Step
from segmail.sequences.coupon_checks import coupon_errors, coupon_warnings
from segmail.sequences.findings import Finding, Severity, step_finding
from segmail.sequences.references import Catalog
from segmail.sequences.wanted_step import NOT_CHOSEN

_FORM = "in Maho under Newsletter > Newsletter Templates"
_CODE = "coupon_code"


def step_findings(step: Step, catalog: Catalog, *, now: datetime) -> list[Finding]:
    """Return what is wrong with one step; `now` decides whether a sales rule is over.

    A step whose template is not chosen yet is checked without it.
    """
    errors = [*_newsletter_errors(step, catalog), *coupon_errors(step, catalog, now=now)]
    warnings = [*coupon_warnings(step, catalog, now=now), *_variable_warnings(step, catalog)]
    return [
        *(step_finding(Severity.ERROR, step, text) for text in errors),
        *(step_finding(Severity.WARNING, step, text) for text in warnings),
    ]


def _newsletter_errors(step: Step, catalog: Catalog) -> Iterator[str]:
    newsletter = catalog.newsletters.get(step.template_id)
    if newsletter is None:
        if step.template_id != NOT_CHOSEN:
            yield Fault(
                f"Newsletter template {step.template_id} does not exist.", "Choose another."
            )
        return
    if not newsletter.is_actual:
        yield Fault(f"{newsletter.label} is a copy of a former version.", "Choose the current one.")
    for value, name in (
        (newsletter.sender_name, "sender name"),
        (newsletter.sender_email, "sender e-mail address"),
        (newsletter.subject, "subject"),
        (newsletter.text, "text"),
    ):
        if value.strip() in ("", "0"):  # what Maho takes for empty
            yield Fault(
                f"{newsletter.label} has no {name}, so no mail can be sent.", f"Set it {_FORM}."
            )
    try:
        compile_newsletter(newsletter)
    except TemplateError as error:
        yield Fault(f"{newsletter.label} cannot be used: {error}", f"Mend it {_FORM}.")


def _variable_warnings(step: Step, catalog: Catalog) -> Iterator[str]:
    """Tell where the step's coupon and what the template shows of one do not match."""
    newsletter = catalog.newsletters.get(step.template_id)
    if newsletter is None:
        return
    try:
        compiled = compile_newsletter(newsletter)
    except TemplateError:
        return  # an error already
    needs = (compiled.subject.needs, compiled.body.needs)
    shown = any(_CODE in need.variables for need in needs)
    included = any(
        need.everything or need.templates or need.emails or need.blocks for need in needs
    )
    if not step.generate_coupon:
        for name, line in unmet_coupon_reads(Letter.of(newsletter)).items():
            yield (
                f"{newsletter.label} shows {{{{var {name}}}}}, but the step makes no coupon "
                f"(line {line})."
            )
    if step.generate_coupon and not shown and not included:
        yield f"A coupon is made, but {newsletter.label} does not show {{{{var {_CODE}}}}}."
