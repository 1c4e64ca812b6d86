"""`segmail sequence list`, `show` and `validate`."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, TOTALS
from segmail.commands.sequence.printing import print_findings, print_step, print_steps
from segmail.errors import StepsFailed
from segmail.findings import errors
from segmail.output import print_json
from segmail.sequences.findings import StepFinding
from segmail.sequences.overview import list_steps, show_step
from segmail.sequences.validate import validate_steps


@click.command("list")
@click.option("--segment", metavar="SEGMENT", help="Only the steps of this segment.")
@TOTALS
@AS_JSON
@click.pass_obj
def list_(app: App, *, segment: str | None, totals: bool, as_json: bool) -> None:
    """List the steps, with their progress rows by status.

    In a history of a million rows only waiting rows are counted; the other numbers are null in
    JSON.

    \b
    Example:
        segmail sequence list --segment VIP
    """
    steps = list_steps(app.shop, segment=segment, totals=totals)
    if as_json:
        print_json(steps)
    else:
        print_steps(steps)


@click.command()
@click.argument("step")
@AS_JSON
@click.pass_obj
def show(app: App, *, step: str, as_json: bool) -> None:
    """Show a STEP.

    \b
    Examples:
        segmail sequence show 7
        segmail sequence show VIP:enter:2
    """
    found = show_step(app.shop, step)
    if as_json:
        print_json(found)
    else:
        print_step(found)


@click.command()
@click.argument("segment", required=False)
@AS_JSON
@click.pass_obj
def validate(app: App, *, segment: str | None, as_json: bool) -> None:
    """Check the steps of SEGMENT, or all: templates, sales rules, order.

    Templates are checked as by `template lint`; what it calls an error is one here if no mail can
    be sent.

    Exits with 1 if there are errors, which keep mails from being sent.

    \b
    Example:
        segmail sequence validate
    """
    findings = validate_steps(app.shop, segment, now=app.now(), maho_root=app.settings.maho_root)
    if as_json:
        print_json([_as_json(finding) for finding in findings])
    else:
        print_findings(findings)
    if wrong := len(errors(findings)):
        raise StepsFailed(f"{wrong} error{'s' if wrong > 1 else ''} found.")


def _as_json(finding: StepFinding) -> dict[str, object]:
    return {"severity": finding.severity, **vars(finding.where), "text": str(finding)}
