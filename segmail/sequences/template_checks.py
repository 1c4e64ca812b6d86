"""What `template lint` says about the templates that steps send, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from segmail.errors import TemplateError
from segmail.findings import Finding, Severity
from segmail.lint import Facts, Letter, LintFinding, LintRule, TemplatePlace, lint, stops_mails
from segmail.maho.db.information_schema import table_names
from segmail.maho.newsletters import NewsletterTemplate, compile_newsletter
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.mail.items.needs import item_needs
from segmail.sequences.findings import StepFinding, StepPlace, step_warning
from segmail.sequences.item_tables import lacking
from segmail.sequences.references import StepReferences
from segmail.templates import Needs


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


def table_findings(
    tx: Transaction, steps: Sequence[Step], references: StepReferences
) -> Iterator[StepFinding]:
    """Yield a warning for each cart, order, list or sum that a step's mail will leave out.

    The shop has no table of it. What a template includes is not looked at.
    """
    there, prefix = table_names(tx.connection), tx.tables.prefix
    found = {
        template_id: list(lacking(item_needs(_own_needs(newsletter)), there, prefix))
        for template_id, newsletter in references.newsletters.items()
    }
    for step in steps:
        for shown, missing in found.get(step.template_id, ()):
            label, tables = references.newsletters[step.template_id].label, " and ".join(missing)
            what = f"{label} shows {shown}, but segmail finds no table {tables} in the shop."
            yield step_warning(step, what, "The mail is sent without it.")


def _own_needs(newsletter: NewsletterTemplate) -> list[Needs]:
    try:
        compiled = compile_newsletter(newsletter)
    except TemplateError:
        return []  # reported by the step's own check
    needs = (compiled.subject.needs, compiled.body.needs)
    return [replace(need, everything=False) for need in needs]


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
