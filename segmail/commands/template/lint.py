"""`segmail template lint`: what is wrong with templates."""

from __future__ import annotations

import sys

import click

from segmail.app import App
from segmail.authoring.check import Checked, check_letters
from segmail.commands.options import AS_JSON
from segmail.errors import StepsFailed
from segmail.findings import errors, warnings
from segmail.lint import LintFinding, stopped_by
from segmail.output import print_json, print_table


@click.command()
@click.argument("templates", metavar="[FILE|TEMPLATE]...", nargs=-1)
@click.option("--strict", is_flag=True, help="Count warnings too.")
@AS_JSON
@click.pass_obj
def lint(app: App, *, templates: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Check templates, by default all that steps send.

    Each fault is shown with its place and how to fix it. Exits with 1 if there are errors: mails
    that cannot be sent, or say the wrong thing. What a template includes is checked with it. A FILE
    can be checked without a shop; what only a shop knows, such as its customers' attributes, is
    then not checked.

    \b
    Examples:
        segmail template lint
        segmail template lint Welcome new.html --strict
    """
    needs_shop = not templates or app.settings.database_url is not None
    checked = check_letters(
        templates,
        lambda: app.shop if needs_shop else None,
        maho_root=app.settings.maho_root,
    )
    if as_json:
        print_json([_as_json(finding) for finding in checked.findings])
    elif sys.stdout.isatty():
        _print_table(checked)
    else:
        _print_lines(checked)
    wrong, odd = len(errors(checked.findings)), len(warnings(checked.findings))
    if wrong or (strict and odd):
        raise StepsFailed(f"{_many(wrong, 'error')}, {_many(odd, 'warning')} found.")


def _print_table(checked: Checked) -> None:
    if not checked.findings:
        click.echo(f"No faults found in {_many(checked.templates, 'template')}.")
        return
    rows = [(one.where, one.severity, one.what, one.advice) for one in checked.findings]
    print_table("Faults", ("Where", "Severity", "What", "What to do"), rows)


def _print_lines(checked: Checked) -> None:
    """Print the findings as places in files, which editors and CI understand."""
    for one in checked.findings:
        click.echo(f"{one.where}: {one.severity}: {one} [{one.rule}]")
    if not checked.findings:
        click.echo(f"No faults found in {_many(checked.templates, 'template')}.")


def _as_json(finding: LintFinding) -> dict[str, object]:
    stopped = stopped_by(finding)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        **vars(finding.where),
        "text": finding.what,
        "fix": finding.advice,
        "stops": bool(stopped),
        "stopped": stopped or None,
    }


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
