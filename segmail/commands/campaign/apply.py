"""`segmail campaign apply`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from segmail.app import App
from segmail.campaigns.apply import Wish, plan_files
from segmail.campaigns.files import read_files
from segmail.campaigns.outcome import REMOVED, SWITCHED_OFF, Applied
from segmail.commands.campaign.printing import apply_told, in_sum, told
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.errors import InputError
from segmail.output import print_json


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@DRY_RUN
@click.option(
    "--prune",
    is_flag=True,
    help=(
        "Remove steps of the named segments that the files do not list; steps with rows are "
        "switched off."
    ),
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
@click.pass_obj
def apply(
    app: App, *, files: tuple[str, ...], dry_run: bool, prune: bool, yes: bool, as_json: bool
) -> None:
    """Make the shop match campaign files; - is stdin.

    Everything is identified by its name; what a file does not mention stays as it is. Each FILE is
    applied as a whole or not at all; for a folder, every .yaml and .yml file in it. The plan is
    printed first, with its effects on customers under way. If a file cannot be applied, exits with
    78 and lists every fault of every file, each with its line; nothing is written.

    \b
    Examples:
        segmail campaign apply campaigns/ --dry-run
        segmail campaign apply campaigns/ --prune --yes && segmail refresh-segments
    """
    read, wish = read_files(files), Wish(prune, app.now(), dry_run=dry_run)
    plan = plan_files(app.shop, read, wish)
    if not as_json:
        click.echo("\n".join(line for one in plan for line in told(one)))
    if dry_run or not any(one.is_written for one in plan):
        done = plan
    else:
        _confirm(plan, yes=yes)
        done = apply_told(app.shop, read, wish)
    if as_json:
        print_json(done)
    elif not dry_run:
        click.echo(in_sum(done))


def _confirm(plan: Sequence[Applied], *, yes: bool) -> None:
    """Ask if customers under way are affected; without a terminal, only if steps are removed."""
    gone = [one for one in plan if one.outcome in (REMOVED, SWITCHED_OFF)]
    concerned = [one for one in plan if one.is_written and one.kind == "step" and one.effects]
    if yes or not (gone or concerned):
        return
    if sys.stdin.isatty():
        click.confirm("Apply this?", abort=True, err=True)
    elif gone:
        names = ", ".join(one.name for one in gone)
        raise InputError(
            f"Nothing was applied: --prune would remove {names}. Without a terminal to ask on, "
            "give --yes."
        )
