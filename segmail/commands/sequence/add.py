"""`segmail sequence add`."""

from __future__ import annotations

from typing import Any

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.commands.sequence.options import as_step_options, step_options
from segmail.commands.sequence.printing import describe
from segmail.commands.words import print_dry_run, print_warnings
from segmail.output import print_json
from segmail.sequences.add import add_step


@click.command()
@click.argument("segment")
@click.option("--template", required=True, metavar="TEMPLATE", help="The newsletter template.")
@step_options
@click.option("--inactive", is_flag=True, help="Add it switched off.")
@click.option(
    "--if-missing",
    is_flag=True,
    help="Do nothing if the step exists: one with this number, or this template.",
)
@click.option("--update", is_flag=True, help="As --if-missing, but a step that differs is changed.")
@DRY_RUN
@AS_JSON
@click.pass_obj
def add(
    app: App,
    /,
    *,
    segment: str,
    inactive: bool,
    if_missing: bool,
    update: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Add a step to the sequence of SEGMENT.

    By default it comes last, is triggered by entering the segment, and is sent immediately, once
    per customer, without a coupon. Delays count from entering or leaving, not from the previous
    step. Customers who entered or left earlier do not receive it. With --if-missing, an existing
    step that differs in anything is an error, and with --update it is changed: there is never a
    second step with the same mail, unless --step asks for it.

    \b
    Examples:
        segmail sequence add VIP --template "Welcome to VIP"
        segmail sequence add "Cart Abandoned" --template "Last chance" --delay "7 days" \\
            --coupon "15% off" --prefix SAVE --expires-days 3
    """
    options = as_step_options(active=False if inactive else None, **given)
    with shop_to_change(app, dry_run=dry_run) as shop:
        added = add_step(
            shop, segment, options, if_missing=if_missing, update=update, now=app.now()
        )
    if as_json:
        print_json(added)
        return
    print_dry_run(dry_run)
    what = "Added" if added.created else "Changed" if added.changes else "Already there:"
    click.echo(f"{what} {describe(added.step)}.")
    print_warnings(added.warnings)
