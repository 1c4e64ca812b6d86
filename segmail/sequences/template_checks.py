"""What `template lint` says about the templates that steps send, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from segmail.findings import Finding, Severity
from segmail.lint import Facts, Letter, LintFinding, LintRule, TemplatePlace, lint, stops_mails
from segmail.maho.newsletters import NewsletterTemplate
from segmail.maho.steps import Step
from segmail.sequences.findings import StepFinding, StepPlace
from segmail.sequences.references import StepReferences


def letter_findings(
    steps: Sequence[Step], references: StepReferences, facts: Facts
) -> list[StepFinding]:
    """Return lint's findings in each step's template; errors are those that stop the mails.

    A coupon that is shown but not made is a fault of the step, and reported with it.
    """
    found = {
        template_id: lint(Letter.of(newsletter), facts)
        for template_id, newsletter in references.newsletters.items()
    }
    return [
        _of_step(finding, step, references.newsletters[step.template_id])
        for step in steps
        for finding in found.get(step.template_id, ())
        if finding.rule != LintRule.EMPTY  # reported by the step's own check
    ]


def _of_step(finding: LintFinding, step: Step, newsletter: NewsletterTemplate) -> StepFinding:
    severity = Severity.ERROR if stops_mails(finding) else Severity.WARNING
    what = f"{newsletter.label}, {_where(finding.where, newsletter)}: {finding.what}"
    return Finding(severity, StepPlace.of(step), what, finding.advice)


def _where(place: TemplatePlace, newsletter: NewsletterTemplate) -> str:
    if place.name != Letter.of(newsletter).name:
        return str(place)
    return place.part if place.part in ("subject", "sender") else _line(place)


def _line(place: TemplatePlace) -> str:
    return f"line {place.line}" if place.part == "text" else f"{place.part} line {place.line}"
