"""What `template lint` says about the templates that steps send, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from segmail.errors import Fault
from segmail.lint import Facts, Letter, Remark, lint
from segmail.maho.newsletters import NewsletterTemplate
from segmail.maho.steps import Step
from segmail.sequences.findings import Finding, Severity, step_finding
from segmail.sequences.references import Catalog


def letter_findings(steps: Sequence[Step], catalog: Catalog, facts: Facts) -> list[Finding]:
    """Return the remarks on each step's template; errors are those that keep mails from being sent.

    A coupon that is shown and not made is the step's own fault and told with it.
    """
    found: dict[int, list[tuple[Severity, str]]] = {
        template_id: [_told(remark, newsletter) for remark in lint(Letter.of(newsletter), facts)]
        for template_id, newsletter in catalog.newsletters.items()
    }
    return [
        step_finding(severity, step, text)
        for step in steps
        for severity, text in found.get(step.template_id, ())
    ]


def _told(remark: Remark, newsletter: NewsletterTemplate) -> tuple[Severity, str]:
    severity = Severity.ERROR if remark.stops else Severity.WARNING
    if remark.name != Letter.of(newsletter).name:
        where = remark.where
    elif remark.part == "subject":
        where = "subject"
    else:
        where = f"line {remark.line}"
    return severity, Fault(f"{newsletter.label}, {where}: {remark.text}", remark.fix)
