"""`segmail sequence remove`."""

from __future__ import annotations

import sys

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.commands.sequence.printing import history
from segmail.commands.words import print_dry_run, print_warnings, rows
from segmail.errors import InputError
from segmail.output import print_json
from segmail.sequences.overview import StepSummary
from segmail.sequences.remove import remove_step


@click.command()
@click.argument("step")
@click.option("--yes", is_flag=True, help="Do not ask.")
@DRY_RUN
@AS_JSON
@click.pass_obj
def remove(app: App, *, step: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove a STEP, and with it its history: who has received it, and who would.

    To keep the history, disable the step instead. Later steps keep their numbers. (Maho's form
    moves them up, those of the other trigger too, if its unique key permits.)

    \b
    Example:
        segmail sequence remove VIP:enter:2
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        removed = remove_step(shop, step, confirm=_agree if yes or dry_run else _ask)
    if as_json:
        print_json(removed)
        return
    print_dry_run(dry_run)
    gone = f"{removed.step.label} (sequence {removed.step.sequence_id})"
    click.echo(f"Removed {gone} with {rows(removed.rows, 'progress')}.")
    click.echo("Later steps keep their numbers.")
    print_warnings(removed.warnings)


def _agree(step: StepSummary) -> None:
    """Agree to the removal without a question."""


def _ask(step: StepSummary) -> None:
    if not sys.stdin.isatty():
        raise InputError(
            f"{step.label} was not removed. {history(step)} Without a terminal to ask on, "
            "give --yes."
        )
    question = f"{history(step)} Remove {step.label} (sequence {step.sequence_id})?"
    click.confirm(question, abort=True, err=True)
