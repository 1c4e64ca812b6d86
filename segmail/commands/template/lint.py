"""`segmail template lint`: what is wrong with templates."""

from __future__ import annotations

import sys

import click

from segmail.app import App
from segmail.authoring.check import Checked, check_letters
from segmail.commands.sequence.options import AS_JSON
from segmail.errors import StepsFailed
from segmail.lint import Severity
from segmail.output import print_json, print_table


@click.command()
@click.argument("templates", metavar="[FILE|TEMPLATE]...", nargs=-1)
@click.option("--strict", is_flag=True, help="Count warnings too.")
@AS_JSON
@click.pass_obj
def lint(app: App, *, templates: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Check templates, by default all that steps send.

    Each fault is told with its place and what to do. Exits with 1 where there are errors: mails
    that cannot be sent, or say the wrong thing. What a template includes is checked with it. A
    FILE can be checked without a shop; what only a shop knows, such as its customers' attributes,
    is not checked then.

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
        print_json(checked.remarks)
    elif sys.stdout.isatty():
        _print_table(checked)
    else:
        _print_lines(checked)
    errors, warnings = checked.count(Severity.ERROR), checked.count(Severity.WARNING)
    if errors or (strict and warnings):
        raise StepsFailed(f"{_many(errors, 'error')}, {_many(warnings, 'warning')} found.")


def _print_table(checked: Checked) -> None:
    if not checked.remarks:
        click.echo(f"No faults found in {_many(checked.templates, 'template')}.")
        return
    rows = [(one.where, one.severity.value, one.text, one.fix) for one in checked.remarks]
    print_table("Faults", ("Where", "Severity", "What", "What to do"), rows)


def _print_lines(checked: Checked) -> None:
    """Print what editors and CI understand as places in files."""
    for one in checked.remarks:
        click.echo(f"{one.where}: {one.severity.value}: {one.text} {one.fix} [{one.rule.value}]")
    if not checked.remarks:
        click.echo(f"No faults found in {_many(checked.templates, 'template')}.")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
